#!/usr/bin/env python3
"""Golden texts of the language: what `thrum check` says about each file of errors/, and how the files of programs/ compile.

Usage: golden.py [--update] THRUM. Compares with NAME.txt beside NAME.thrum; --update writes it instead. A file of
errors/ must be refused (exit 2) unless its name starts with "warning"; a file of programs/ must be accepted (exit 0)
without a word. rules.txt says which text tests which rule of the language; those texts must be there.
"""
import difflib
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

# Too large to be kept as files: what is said about them is.
LARGE = {
    "large-brackets": "x = 0\n\nthread A:\n    x = " + "(" * 100000 + "\n    y += 1\n",
    "large-line": "x = 0\n\nthread A:\n    x = " + "x + " * 250000 + "y\n    z += 1\n",
    "large-name": "x = 0\n\nthread A:\n    x = " + "n" * 500000 + "\n",
    "large-number": "x = " + "9" * 500000 + "\n\nthread A:\n    pass\n",
    "large-string": "x = \"" + "a" * 500000 + "\"\n\nthread A:\n    pass\n",
    "large-file": "x = 0\n" * 200000,
    "large-limits": "\n".join([
        "big = [0] * 65537", "many = [Lock() for i in range(65000)]", "more = [Lock() for i in range(600)]",
        "t = (" + "1, " * 33 + ")", "n = " + "0" * 20 + "1", "s = \"" + "é" * 129 + "\"",
        "def f(a):", "    return a",
        "thread A:", *(f"    a{i} = {i}\n    print(a{i})" for i in range(1002)),
        "thread B:", "    xs = [0] * 1025", "    f(" + "1, " * 40 + ")", "    max(" + "1, " * 40 + ")",
        "    print(" + "\"a\" " * 70 + ")", "    with " + "many[0], " * 64 + "many[0]:", "        pass",
        "thread w * 4097:", "    pass", ""]),
    "large-code": "x = 0\n\nthread A:\n" + "    x += 1\n" * 16000,
    "large-frame": "x = 0\n\ndef f(a):\n    return a\n\nthread A:\n" + "".join(
        f"    a{i} = [0] * 1024\n    x = a{i}[0]\n" for i in range(5)),
    "large-number-of-mistakes": "".join(f"thread T{i}:\n    unknown{i} += 1\n\n" for i in range(150)),
}


def output_of(thrum, path, folder):
    arguments = [thrum, "check"] + (["--list"] if folder == "programs" else []) + [path.name]
    done = subprocess.run(arguments, cwd=path.parent, capture_output=True, timeout=20)
    wanted = 2 if folder == "errors" and not path.name.startswith("warning") else 0
    complaint = ""
    if done.returncode != wanted:
        complaint = f"{path}: exit status {done.returncode}, not {wanted}\n{done.stderr.decode()}"
    if folder == "programs" and done.stderr:
        complaint = f"{path}: {done.stderr.decode()}"
    return (done.stdout if folder == "programs" else done.stderr).decode(), complaint


def check_large(thrum, update):
    """How many of the files of LARGE are not refused as their golden texts say, and quickly."""
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, text in LARGE.items():
            path = pathlib.Path(folder) / f"{name}.thrum"
            path.write_text(text)
            got, complaint = output_of(thrum, path, "errors")
            golden = HERE / "errors" / f"{name}.txt"
            if update:
                golden.write_text(got)
            if complaint or got != golden.read_text():
                wrong += 1
                print(complaint, f"{name}: not as {golden} says\n{got[:2000]}")
    return wrong


def check_rules():
    """How many lines of rules.txt name a text that is not where they say, and how many lines there are."""
    wrong = count = 0
    for line in (HERE / "rules.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        count += 1
        rule, file, text = line.rsplit(" | ", 2)
        path = HERE.parent / file
        if not path.exists() or text.encode() not in path.read_bytes():
            wrong += 1
            print(f"rules.txt: {rule}: `{text}` is not in {file}")
    return wrong, count


def main():
    update = "--update" in sys.argv
    thrum = str(pathlib.Path([a for a in sys.argv[1:] if a != "--update"][0]).resolve())
    wrong, count = check_large(thrum, update), len(LARGE)
    for folder in ("errors", "programs"):
        for path in sorted((HERE / folder).glob("*.thrum")):
            count += 1
            got, complaint = output_of(thrum, path, folder)
            golden = path.with_suffix(".txt")
            if update:
                golden.write_text(got)
            wanted = golden.read_text() if golden.exists() else ""
            if complaint or got != wanted:
                wrong += 1
                print(complaint, end="")
                difference = difflib.unified_diff(
                    wanted.splitlines(), got.splitlines(), str(golden), "now", lineterm="")
                print("\n".join(difference))
    broken, rules = check_rules()
    wrong += broken
    print(f"{rules} rules; {count} files, {wrong} not as the golden texts say")
    return 1 if wrong or count == 0 else 0


sys.exit(main())
