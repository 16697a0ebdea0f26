#!/usr/bin/env python3
"""What exploring says of every scenario does not depend on the number of workers, and the published programs fail
with as few preemptions as their comments say.

Usage: check-explore.py THRUM FOLDER|FILE...

Explores every .thrum file below the folders, and the files, with 1, 2 and 4 jobs and compares verdicts, words,
schedules, points of no return, outcomes, shares and counts of states. A line `# fewest preemptions: N` is compared with the simplest
schedules of the failures other than races: the smallest number among them is N, and each is proven minimal. With
THRUM_TEST_SHARE, in the slow builds, every third file.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

MEASURED = ("nanoseconds", "jobs", "peak_bytes")


def strip(value):
    """The result without what is measured."""
    if isinstance(value, dict):
        return {name: strip(part) for name, part in value.items() if name not in MEASURED}
    if isinstance(value, list):
        return [strip(part) for part in value]
    return value


def explore(program, path, jobs):
    done = subprocess.run(
        [program, "explore", "--json", "--jobs", str(jobs), path],
        capture_output=True, text=True, timeout=60, check=False,
    )
    if done.returncode not in (0, 1):
        raise SystemExit(f"{path}: explore ended with {done.returncode}: {done.stderr}")
    return strip(json.loads(done.stdout))


def fewest_wrong(path, result):
    """What is wrong with `# fewest preemptions: N`, or None."""
    told = re.search(r"^# fewest preemptions: (\d+)$", path.read_text(encoding="utf-8"), re.M)
    if not told:
        return None
    schedules = [failure["schedule"] for failure in result["failures"] if failure["verdict"] != "race"]
    if not schedules or not all(schedule["minimal"] for schedule in schedules):
        return "not every failure has a schedule that is proven minimal"
    found = min(schedule["preemptions"] for schedule in schedules)
    return None if found == int(told[1]) else f"fewest preemptions are {found}, not {told[1]}"


def main():
    program, files = sys.argv[1], []
    for folder in sys.argv[2:]:
        path = pathlib.Path(folder)
        files += [path] if path.is_file() else sorted(path.rglob("*.thrum"))
    if "THRUM_TEST_SHARE" in os.environ:
        files = files[::3]
    bad = 0
    for path in files:
        first = explore(program, path, 1)
        wrong = [f"{jobs} jobs say something else than 1" for jobs in (2, 4) if explore(program, path, jobs) != first]
        wrong += [fewest_wrong(path, first)]
        for words in filter(None, wrong):
            print(f"{path}: {words}")
            bad += 1
    print(f"{len(files)} files, {bad} wrong")
    return 1 if bad or not files else 0


if __name__ == "__main__":
    sys.exit(main())
