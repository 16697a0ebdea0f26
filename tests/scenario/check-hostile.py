#!/usr/bin/env python3
"""Programs that no search can finish: exploring ends in time all the same, and says what it has not looked at.

Usage: check-hostile.py THRUM

Each of them would take hours in one way or another: very many threads, threads that start threads for ever, very many
locks that any index may mean, loops that hardly end, choices of a million values. No clock is looked at here: what
hangs is ended by the test's own time-out. With THRUM_TEST_SHARE, in the slow builds, every third program.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

PROGRAMS = {
    "four thousand alike": "x = 0\nthread p * 4000:\n    x += 1\n",
    "four thousand at one lock":
        "l = Lock()\nx = 0\nthread p(i) for i in range(4000):\n    with l:\n        x += i\n",
    "four thousand waiting":
        "c = Condition()\nx = 0\nthread p * 4000:\n    with c:\n        c.wait_for(x > 0)\n"
        "thread q:\n    with c:\n        x = 1\n        c.notify_all()\n",
    "threads that start two threads each":
        "x = 0\ndef f():\n    x += 1\n    a = Thread(target=f)\n    b = Thread(target=f)\n    a.start()\n    b.start()\n"
        "main:\n    t = Thread(target=f)\n    t.start()\n",
    "threads without end":
        "x = Atomic(0)\ndef f():\n    while True:\n        x.add(1)\n"
        "main:\n    while True:\n        t = Thread(target=f)\n        t.start()\n",
    "sixty thousand locks":
        "ls = [Lock() for i in range(60000)]\nx = 0\nthread p(i) for i in range(4):\n    while True:\n"
        "        ls[(x * 7) % 60000].acquire()\n        x = (x + i) % 60000\n",
    "a million turns between two steps":
        "x = 0\nthread p(i) for i in range(6):\n    for c in range(1000):\n        v = 0\n        for a in range(900):\n"
        "            for b in range(900):\n                v = v + 1\n        x = v\n",
    "long blocks in one step":
        "x = 0\nthread p(i) for i in range(8):\n    for k in range(100):\n        atomic:\n"
        "            for c in range(9000):\n                x += i\n",
    "a million values": "x = 0\nthread p(i) for i in range(4):\n    x = randint(0, 900000)\n",
    "a large list":
        "xs = [0] * 30000\nthread p(i) for i in range(8):\n    for c in range(1000):\n        xs[c * 7 % 30000] += i\n",
    "more failures than are told apart":
        "thread p(i) for i in range(600):\n    assert i > 600, f\"{i}\"\n",
}


def wrong_with(program, path, command, needed):
    done = subprocess.run([program, command, "--for", "500ms", path], capture_output=True, text=True, check=False)
    if done.returncode != 1:
        return f"{command} ended with {done.returncode}: {done.stderr}"
    missing = [words for words in needed if words not in done.stdout]
    return f"{command} does not say {missing[0]!r}:\n{done.stdout}" if missing else None


def main():
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        chosen = list(PROGRAMS.items())[::3 if "THRUM_TEST_SHARE" in os.environ else 1]
        for title, text in chosen:
            path = pathlib.Path(folder) / (title.replace(" ", "-") + ".thrum")
            path.write_text(f'"""{title}"""\n{text}expect ok\n', encoding="utf-8")
            for command, needed in (("check", ["FAIL", "incomplete: stopped by"]),
                                    ("explore", ["INCOMPLETE: stopped by", "preemption"])):
                words = wrong_with(sys.argv[1], path, command, needed)
                if words:
                    print(f"{title}: {words}")
                    bad += 1
    print(f"{len(chosen)} programs, {bad} wrong")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
