#!/usr/bin/env python3
"""Golden texts of the language: what `thrum check` says about each file of errors/, and how the files of programs/ compile.

Usage: golden.py [--update] THRUM. Compares with NAME.txt beside NAME.thrum; --update writes it instead. A file of
errors/ must be refused (exit 2) unless its name starts with "warning"; a file of programs/ must be accepted (exit 0)
without a word.
"""
import difflib
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


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


def main():
    update = "--update" in sys.argv
    thrum = str(pathlib.Path([a for a in sys.argv[1:] if a != "--update"][0]).resolve())
    wrong = count = 0
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
    print(f"{count} files, {wrong} not as the golden texts say")
    return 1 if wrong or count == 0 else 0


sys.exit(main())
