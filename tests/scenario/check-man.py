#!/usr/bin/env python3
"""The man page and the program tell the same.

Usage: check-man.py THRUM MANPAGE. Every command of `thrum --help` and every option of each command's --help stands in the
man page, and the man page names no command or option that the program does not.
"""
import re
import subprocess
import sys


def says(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stderr}")
    return done.stdout


def options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) - {"--help", "--version"}


def main():
    thrum, page = sys.argv[1], open(sys.argv[2]).read()
    text = re.sub(r"\\f.", "", page.replace("\\-", "-"))
    section = re.search(r"^\.SH COMMANDS\n(.*?)^\.SH ", text, re.S | re.M).group(1)
    told = set(re.findall(r'^\.BR? "?([a-z]+)', section, re.M)) & set(re.findall(r"[a-z]+", says(thrum, "--help")))
    listed = set(re.findall(r"^\s+(?:thrum )?([a-z]+)\s", says(thrum, "--help"), re.M)) - {"thrum"}
    known = set()
    for command in sorted(told):
        known |= options(says(thrum, command, "--help"))
    problems = [f"the man page lacks the command {name}" for name in sorted(listed - told)]
    problems += [f"the man page lacks {name}" for name in sorted(known - options(text))]
    problems += [f"the program has no {name}" for name in sorted(options(text) - known)]
    print("\n".join(problems) or f"{len(told)} commands and {len(known)} options agree")
    return 1 if problems or not told else 0


sys.exit(main())
