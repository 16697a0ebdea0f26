#!/usr/bin/env python3
"""Every way that real runs end is among what exploring lists, for every bundled scenario.

Usage: check-live-runs.py THRUM FOLDER RUNS

Copies each scenario with times a thousand times shorter, so that many runs take little time (only order matters), and
lets `thrum explore --runs RUNS` compare. A run that ended in no listed way is a mistake.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile


def main():
    program, folder, runs = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
    files = sorted(folder.rglob("*.thrum"))
    bad = total = 0
    with tempfile.TemporaryDirectory() as place:
        for path in files:
            short = pathlib.Path(place, path.name)
            source = path.read_text(encoding="utf-8")
            short.write_text(re.sub(r"\b(\d+)ms\b", r"\1us", source), encoding="utf-8")
            done = subprocess.run(
                [program, "explore", "--json", "--runs", str(runs), str(short)],
                capture_output=True, text=True, timeout=600, check=False,
            )
            if done.returncode not in (0, 1):
                print(f"{path}: explore ended with {done.returncode}: {done.stderr}")
                bad += 1
                continue
            result = json.loads(done.stdout)
            live = result["live_runs"]
            total += live["runs"]
            if live["others"] or live["runs"] != runs or not result["complete"]:
                print(f"{path}: {live['others']} of {live['runs']} runs ended in no listed way")
                bad += 1
    print(f"{len(files)} scenarios, {total} runs, {bad} wrong")
    return 1 if bad or not files else 0


if __name__ == "__main__":
    sys.exit(main())
