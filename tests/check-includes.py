#!/usr/bin/env python3
"""Includes go only downwards: each room names the rooms it may include.

Usage: check-includes.py ROOT. Prints every include that breaks the rule and
exits 1; prints one line and exits 0 otherwise. Also checks that only one file
includes <curses.h>.
"""
import pathlib
import re
import sys

ALLOWED = {
    "base": set(),
    "model": {"base"},
    "lang": {"base", "model"},
    "trace": {"base"},
    "run": {"base", "model", "trace"},
    "explore": {"base", "model"},
    "session": {"base", "model", "lang", "trace", "run", "explore"},
    "view": {"base", "model", "trace", "session"},
    "export": {"base", "trace", "view"},
    "ui": {"base", "trace", "session", "view", "export"},
    "cli": {"base", "model", "lang", "trace", "run", "explore", "session", "view", "export", "ui"},
}


def problems(root):
    curses = []
    for path in sorted((root / "src").rglob("*.[ch]")) + sorted((root / "src").rglob("*.def")):
        room = path.relative_to(root / "src").parts[0]
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.match(r"\s*#\s*include\s*<n?curses(w/curses)?\.h>", line):
                curses.append(path)
            found = re.match(r'\s*#\s*include\s*"([a-z]+)/', line)
            if not found or room == "main.c":
                continue
            other = found.group(1)
            if other == "thrum" or other == room:
                continue
            if other not in ALLOWED[room]:
                yield f"{path}:{number}: {room}/ must not include {other}/"
    if len(curses) > 1:
        yield "more than one file includes <curses.h>: " + ", ".join(map(str, curses))


def main():
    found = list(problems(pathlib.Path(sys.argv[1])))
    for line in found:
        print(line)
    if not found:
        print("includes go downwards only")
    return 1 if found else 0


sys.exit(main())
