#!/usr/bin/env python3
"""What exploring tells people of each failure: the story, and the width of the report.

Usage: check-stories.py [--update] THRUM GOLDEN FOLDER... Explores every scenario of the folders. The stories must be those
of the file GOLDEN (--update writes it: read them), be short, and no line but a schedule may be wider than 80 columns.
"""
import pathlib
import re
import subprocess
import sys

VERDICT = re.compile(r"^(assertion|deadlock|error|race|livelock)\b")
MOST_SENTENCES = 7
WIDTH = 80


def stories(report):
    """(title, story) of each failure: the prose between its title and its table or schedule."""
    lines = report.splitlines()
    for at, line in enumerate(lines):
        if not VERDICT.match(line):
            continue
        story = []
        for text in lines[at + 1 :]:
            if re.match(r"  (step|#)\b|  #", text):
                break
            story.append(text.strip())
        title = re.sub(r"  .*", "", line)
        yield title, " ".join(word for word in story if not word.endswith("random schedules"))


def sentences(story):
    """Sentences, not full stops in quotes or numbers."""
    return len(re.findall(r"[.…](?= |$)", re.sub(r'"[^"]*"', "quoted", story)))


def main():
    update = "--update" in sys.argv
    thrum, golden, *folders = [word for word in sys.argv[1:] if word != "--update"]
    problems, told = [], []
    for folder in map(pathlib.Path, folders):
        for path in sorted(folder.rglob("*.thrum")):
            done = subprocess.run([thrum, "explore", path], capture_output=True, text=True, timeout=120)
            if done.returncode not in (0, 1):
                problems.append(f"{path}: exit status {done.returncode}\n{done.stderr}")
            for line in done.stdout.splitlines()[1:]:  # after the title
                if len(line) > WIDTH and "#" not in line and " = " not in line:
                    problems.append(f"{path}: {len(line)} columns: {line}")
            for title, story in stories(done.stdout):
                told.append(f"{folder.name}/{path.relative_to(folder)}: {title}\n    {story}\n")
                if not story or sentences(story) > MOST_SENTENCES:
                    problems.append(f"{path}: {title}: {sentences(story)} sentences: {story}")
    text = "\n".join(told)
    if update:
        pathlib.Path(golden).write_text(text)
    elif text != pathlib.Path(golden).read_text():
        wanted = pathlib.Path(golden).read_text().split("\n\n")
        problems += [f"not in {golden}:\n{one}" for one in text.split("\n\n") if one not in wanted]
        problems += [f"no longer told:\n{one}" for one in wanted if one not in text.split("\n\n")]
    print("\n".join(problems))
    print(f"{len(told)} stories, {len(problems)} problems")
    return 1 if problems or not told else 0


sys.exit(main())
