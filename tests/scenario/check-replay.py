#!/usr/bin/env python3
"""Every schedule that exploring prints can be replayed, and shows there what it is said to show.

Usage: check-replay.py THRUM FILE... For each failure and each outcome of each scenario: `thrum replay FILE SCHEDULE
--headless --json` must take all its steps; a failing schedule must end with the verdict it was printed for
(a race: it stands before the two accesses, and says so). With THRUM_TEST_SHARE, in the slow builds, every third file.
"""
import json
import os
import subprocess
import sys


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout, done.stderr


def main():
    program, files = sys.argv[1], sys.argv[2:]
    if "THRUM_TEST_SHARE" in os.environ:
        files = files[::3]
    bad = replayed = 0
    for path in files:
        _, out, error = run(program, "explore", "--json", "--jobs", "1", path)
        if not out:
            print(f"{path}: {error}")
            bad += 1
            continue
        result = json.loads(out)
        for failure in result["failures"]:
            if "schedule" not in failure or not failure["schedule"]["steps"]:
                continue
            status, table, error = run(program, "replay", path, failure["schedule"]["text"], "--headless")
            replayed += 1
            # A race stands before its two accesses, and a livelock is no end.
            wanted = {"race": "data race", "deadlock": "found:", "assertion": "found:", "error": failure["detail"].lower(),
                      "livelock": ""}[failure["verdict"]]
            found = [line for line in table.splitlines() if line.startswith("Found:")]
            missing = failure["verdict"] not in ("race", "livelock") and failure["verdict"] not in "".join(found)
            if status == 2 or missing or wanted not in (table + error).lower():
                bad += 1
                print(f"{path}: {failure['verdict']} {failure['detail']}: {failure['schedule']['text']}")
                print(table[-2000:], error)
        for outcome in result["outcomes"][:5]:
            status, table, error = run(program, "replay", path, outcome["schedule"]["text"], "--headless")
            replayed += 1
            if status == 2:
                bad += 1
                print(f"{path}: {outcome['values']}: {outcome['schedule']['text']}\n{error}")
    print(f"{replayed} schedules replayed, {bad} not as exploring said")
    return 1 if bad or not replayed else 0


sys.exit(main())
