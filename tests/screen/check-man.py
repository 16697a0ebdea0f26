#!/usr/bin/env python3
"""The manual page names the keys that there are.

Usage: check-man.py PRINTER MAN-PAGE [--update]. The part of the page between the comments "keys begin" and
"keys end" must be what PRINTER prints; --update makes it so.
"""
import pathlib
import subprocess
import sys

BEGIN, END = '.\\" keys begin: printed from the table of keys\n', '.\\" keys end\n'


def main():
    page = pathlib.Path(sys.argv[2])
    text = page.read_text()
    before, found, rest = text.partition(BEGIN)
    old, ended, after = rest.partition(END)
    if not found or not ended:
        print(f"{page}: no part between the comments about keys")
        return 1
    new = subprocess.run([sys.argv[1]], capture_output=True, text=True, check=True).stdout
    if "--update" in sys.argv[3:]:
        page.write_text(before + BEGIN + new + END + after)
    elif old != new:
        print(f"{page}: its keys differ from the program's; tests/screen/check-man.py … --update writes them anew")
        return 1
    return 0


sys.exit(main())
