#!/usr/bin/env python3
"""Step tables as text, against golden files, and schedules that come back to themselves.

Usage: check-steps.py THRUM SCENARIOS GOLDEN [--update]

Each golden file `NAME.txt` begins with the arguments after `$ thrum `, and a line `exit N`; what follows is standard output and
then, after a line `--- stderr`, standard error. `--update` writes them anew.

Besides, every bundled scenario is stepped by several policies; the schedule that is printed is replayed and must give the
same steps, problems and exit status.
"""
import json
import os
import pathlib
import shlex
import subprocess
import sys

POLICIES = ["random", "round_robin 2", "cooperative", "priority", "pct", "gil"]


def run(thrum, arguments, folder):
    done = subprocess.run([thrum, *arguments], cwd=folder, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def picture(thrum, line, folder):
    status, out, err = run(thrum, shlex.split(line), folder)
    text = f"$ thrum {line}\nexit {status}\n{out}"
    if err:
        text += f"--- stderr\n{err}"
    return text


def check_golden(thrum, golden, update):
    wrong = 0
    files = sorted(golden.glob("*.txt"))
    for path in files:
        wanted = path.read_text()
        line = wanted.splitlines()[0].removeprefix("$ thrum ")
        found = picture(thrum, line, golden)
        if update:
            path.write_text(found)
        elif found != wanted:
            wrong += 1
            print(f"{path}: differs\n--- wanted\n{wanted}\n--- found\n{found}")
    if not files:
        print(f"{golden}: no golden files")
        wrong += 1
    return wrong, len(files)


def check_round_trip(thrum, path, policy, seed):
    status, out, err = run(thrum, ["step", str(path), "--headless", "--json", "--policy", policy, "--seed", str(seed)], None)
    if status > 1:
        return f"{path} {policy}: {err}"
    told = json.loads(out)
    if len(told["schedule"]) > 100000:
        return None  # longer than one argument may be
    gil = ["--policy", "gil"] if policy == "gil" else []
    again, out_again, err = run(thrum, ["replay", str(path), told["schedule"], "--headless", "--json", *gil], None)
    if (again, json.loads(out_again) if out_again else err) != (status, told):
        return f"{path} {policy} seed {seed}: the replay differs: {told['schedule']}: {err}"
    return None


def main():
    thrum, scenarios, golden = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    os.environ["NO_COLOR"] = "1"
    wrong, count = check_golden(thrum, golden, "--update" in sys.argv)
    rounds = 0
    for number, path in enumerate(sorted(scenarios.rglob("*.thrum"))):
        for policy in (POLICIES[number % len(POLICIES)], POLICIES[(number + 2) % len(POLICIES)]):
            complaint = check_round_trip(thrum, path, policy, number)
            rounds += 1
            if complaint:
                wrong += 1
                print(complaint)
    print(f"{count} step tables, {rounds} schedules replayed, {wrong} wrong")
    return 1 if wrong or not rounds else 0


sys.exit(main())
