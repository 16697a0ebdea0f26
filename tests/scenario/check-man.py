#!/usr/bin/env python3
"""The man page, the completion and the program tell the same.

Usage: check-man.py THRUM MANPAGE COMPLETION. The commands of `thrum --help` and the options of each command's --help are
those of the man page's synopsis and lists, no more and no fewer, and those that bash offers; every part of the template was
filled in; troff formats the page without a warning, where there is a troff.
"""
import re
import shutil
import subprocess
import sys

COMMON = {"--help", "--version"}


def says(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stderr}")
    return done.stdout


def options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) - COMMON


def section(text, name):
    return re.search(rf"^\.SH {name}\n(.*?)^\.SH ", text, re.S | re.M).group(1)


def offered(completion, command, word):
    """What bash offers for a word after `thrum COMMAND`."""
    words = ["thrum"] + ([command] if command else []) + [word]
    script = f"source {completion}\nCOMP_WORDS=({' '.join(words)})\nCOMP_CWORD={len(words) - 1}\n_thrum\n"
    return set(says("bash", "-c", script + 'printf "%s\\n" "${COMPREPLY[@]}"').split())


def main():
    thrum, page, completion = sys.argv[1], open(sys.argv[2]).read(), sys.argv[3]
    text = re.sub(r"\\f.|\\&", "", page.replace("\\-", "-"))
    listed = set(re.findall(r"^\s+thrum ([a-z]+)\s", says(thrum, "--help"), re.M)) | {
        name for name in re.findall(r"^usage: thrum ([a-z]+)\s[A-Z]", says(thrum, "--help"), re.M)}
    entries = {
        entry.split()[0]: options(entry) for entry in re.split(r"^\.TP\n", section(text, "COMMANDS"), flags=re.M) if entry}
    problems = [f"only one of man page and program has the command {name}" for name in sorted(listed ^ set(entries))]
    known = {"--ascii", "--theme"}
    for command in sorted(listed & set(entries)):
        has = options("\n".join(re.findall(r"^  (--\S+)", says(thrum, command, "--help"), re.M)))
        known |= has
        problems += [f"{command}: only one of man page and program has {name}" for name in sorted(has ^ entries[command])]
        bash = offered(completion, command, "--") - COMMON
        problems += [f"{command}: only one of bash and program has {name}" for name in sorted(has ^ bash)]
    explained = options("\n".join(re.findall(r"^\.TP\n(--.*)$", section(text, "OPTIONS"), re.M)))
    problems += [f"not explained, or not there: {name}" for name in sorted(known ^ explained)]
    problems += [f"bash does not offer {name}" for name in sorted(listed ^ offered(completion, "", ""))]
    problems += [f"was not filled in: {part}" for part in re.findall(r"@[A-Z]+@", page)]
    if shutil.which("groff"):
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", "-Kutf8", sys.argv[2]], capture_output=True, text=True)
        problems += done.stderr.splitlines()
    print("\n".join(problems) or f"{len(listed)} commands and {len(known)} options agree")
    return 1 if problems or len(listed) < 5 else 0


sys.exit(main())
