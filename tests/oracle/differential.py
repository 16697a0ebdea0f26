#!/usr/bin/env python3
"""thrum and the oracle, on random scenarios.

Usage: differential.py THRUM SEED COUNT [FOLDER]. Writes COUNT random scenarios, lets the oracle fill in what each
`expect`s, and gives them to `thrum check`, which must agree with every one. With FOLDER the files are kept there.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

from oracle import Graph, TooLarge
from random_scenarios import scenario

LARGEST = 3_000


def settle(text, path):
    """The scenario with the oracle's findings as its `expect`; None if it is too large."""
    path.write_text(text)
    try:
        found = sorted(Graph(path, LARGEST).verdicts())
    except TooLarge:
        path.unlink()
        return None
    detail = {"assertion": ' "{}"', "error": " {}"}
    words = sorted({verdict + detail.get(verdict, "").format(what) for verdict, what in found})
    return re.sub(r"^expect .*$", lambda _: "expect " + ", ".join(words), text, flags=re.M)


def compare(thrum, seed, count, folder):
    paths = []
    for number in range(count):
        path = folder / f"{seed}-{number}.thrum"
        text = settle(scenario(seed, number), path)
        if text:
            path.write_text(text)
            paths.append(path)
    done = subprocess.run([thrum, "check", *paths], capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        print(done.stdout + done.stderr)
    print(f"{len(paths)} random scenarios, exit status {done.returncode}")
    return 1 if done.returncode or not paths else 0


def main(thrum, seed, count, folder=None):
    if folder:
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        return compare(thrum, seed, int(count), pathlib.Path(folder))
    with tempfile.TemporaryDirectory() as made:
        return compare(thrum, seed, int(count), pathlib.Path(made))


sys.exit(main(*sys.argv[1:]))
