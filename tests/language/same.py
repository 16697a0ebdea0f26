#!/usr/bin/env python3
"""Runs scenarios as Python programs: files whose every line means the same in both.

Usage: same.py FILE... Each has a title, shared names, functions and `main:`. Functions see shared names without
`global`, so a `global` line is put into each. Any exception, a failed assert included, fails.
"""
import pathlib
import re
import sys
import threading
import time


def as_python(text):
    text = re.sub(r"^expect .*$", "", text, flags=re.M)
    text = text.replace("except:", "except Exception:")
    shared = re.findall(r"^(\w+) = ", text, flags=re.M)
    line = "    global " + ", ".join(shared) + "\n"
    text = re.sub(r"^(def \w+)(\(.*\)):\n", lambda m: m.group(0) + line, text, flags=re.M)
    return re.sub(r"^main:$", "def main():\n" + line, text, flags=re.M) + "\nmain()\n"


def main(paths):
    for path in paths:
        exec(compile(as_python(pathlib.Path(path).read_text()), path, "exec"), {**vars(threading), "sleep": time.sleep})
    print(f"{len(paths)} files hold in Python")


if __name__ == "__main__":
    main(sys.argv[1:])
