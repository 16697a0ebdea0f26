#!/usr/bin/env python3
"""What the documentation shows is so.

Usage: check-docs.py THRUM FILE... Every ```python block of the files that declares a thread is a scenario; each must be
one that `thrum check` can read; one with an `expect` must also show just that. It stands in a file of the name that the
text mentions last before it. In every ```console block, what stands under a line `$ thrum ...` must be among what that
command prints, in that order; lines may be left out, and times and counts of states may differ. Links to files lead somewhere.
"""
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^```(python|console)\n(.*?)^```", re.S | re.M)


def call(folder, *words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=60, cwd=folder)


def same(line):
    """The line without times and what a search took, and with blanks as one."""
    line = re.sub(r"\b[\d.,]+ (ns|µs|ms|s|states?|steps?)\b", "SOME", re.sub(r", reduced by .*", "", line))
    return re.sub(r"\s+", " ", line).strip()


def check_scenario(thrum, folder, path, block):
    path.write_text(block)
    done = call(folder, thrum, "check", path.name)
    wanted = {0} if re.search(r"^expect ", block, re.M) else {0, 1}
    return [] if done.returncode in wanted else [f"exit status {done.returncode}\n{done.stdout}{done.stderr}"]


def check_console(thrum, folder, block):
    problems = []
    for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
        command, *shown = part.splitlines()
        words = shlex.split(command)
        if words[0] != "thrum":
            problems.append(f"{command}: not a command of thrum")
            continue
        done = call(folder, thrum, *words[1:])
        printed = iter([same(line) for line in (done.stdout + done.stderr).splitlines()])
        for line in shown:
            if same(line) not in ("", "…") and same(line) not in printed:
                problems.append(f"$ {command}\ndoes not print, or not there: {line}\n{done.stdout}{done.stderr}")
                break
    return problems


def main():
    problems = []
    seen = 0
    thrum = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for document in map(pathlib.Path, sys.argv[2:]):
            text = document.read_text()
            for number, match in enumerate(BLOCK.finditer(text), 1):
                found = []
                if match[1] == "console":
                    found = check_console(thrum, folder, match[2])
                elif re.search(r"^thread ", match[2], re.M):
                    named = re.findall(r"`([\w-]+\.thrum)`", text[: match.start()])
                    path = folder / (named[-1] if named else f"{document.stem}-{number}.thrum")
                    found = check_scenario(thrum, folder, path, match[2])
                else:
                    continue
                seen += 1
                problems += [f"{document}, block {number}: {problem}" for problem in found]
            for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
                if not (document.parent / link).exists():
                    problems.append(f"{document}: there is no {link}")
    print("\n".join(problems))
    print(f"{seen} examples, {len(problems)} problems")
    return 1 if problems or not seen else 0


sys.exit(main())
