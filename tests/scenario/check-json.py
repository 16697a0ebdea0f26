#!/usr/bin/env python3
"""docs/JSON.md tells all that --json prints, and nothing else.

Usage: check-json.py THRUM JSON.MD SCENARIOS VERDICTS REFUSE. Takes the paths of the members from the tables of the
document, by `format`, and compares them with those of real output: every member that is printed is documented, and every
documented one is printed by some command here. REFUSE is stress/refuse.c, which refuses a thread.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

SCHEDULES = {"thrum-explore-1": ["failures[].schedule", "failures[].passing", "outcomes[].schedule"]}
KINDS = {"assertion", "deadlock", "error", "race", "livelock", "unreached"}
ENDLESS = '"Endless"\nn = 0\nthread A:\n    while True:\n        n += 1\nsometimes n == 3, "three"\n'
# Each makes one thread and waits for it; under a limit of memory some pthread_create() fails.
PAIR = '"Pair"\nthread A, B:\n    sleep(1ms)\n'


def documented(text):
    """{format: set of paths}."""
    found, name = {}, None
    for line in text.splitlines():
        cells = re.match(r"\| (`[^|]*`) \| (.*) \|$", line)
        if not cells:
            continue
        paths = re.findall(r"`([^`]+)`", cells[1])
        if paths == ["format"]:
            name = re.search(r'`"(.*)"`', cells[2])[1]
            found[name] = set()
        for path in paths:
            if path.startswith("SCHEDULE."):
                found[name] |= {path.replace("SCHEDULE", where) for where in SCHEDULES[name]}
            else:
                found[name].add(path)
    return found


def members(value, prefix, wanted, out):
    """The paths in a value; a member of an object with any names has the name *."""
    if isinstance(value, list):
        for item in value:
            members(item, prefix + "[]", wanted, out)
    elif isinstance(value, dict):
        for key, item in value.items():
            path = f"{prefix}.{key}" if prefix else key
            if f"{prefix}.*" in wanted:
                path = f"{prefix}.*"
            out.add(path)
            members(item, path, wanted, out)


class Check:
    def __init__(self, thrum, wanted):
        self.thrum, self.wanted, self.problems = thrum, wanted, []
        self.printed = {name: set() for name in wanted}
        self.verdicts = set()

    def run(self, *words, before=()):
        command = [*before, self.thrum, *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        try:
            value = json.loads(done.stdout)
        except json.JSONDecodeError as error:
            self.problems.append(f"{words}: {error}: {done.stderr}")
            return
        paths = set()
        members(value, "", self.wanted[value["format"]], paths)
        self.printed[value["format"]] |= paths
        self.verdicts |= {failure["verdict"] for failure in value.get("failures", [])}
        for path in sorted(paths - self.wanted[value["format"]]):
            self.problems.append(f"{' '.join(map(str, words))}: {path} is not documented")

    def finish(self):
        for name, paths in self.wanted.items():
            self.problems += [f"{name}: {path} is documented, and never printed" for path in sorted(paths - self.printed[name])]
        self.problems += [f"no scenario here shows {kind}" for kind in KINDS - self.verdicts]


def main():
    thrum, document, scenarios, verdicts, refuse = sys.argv[1:]
    scenarios, verdicts = pathlib.Path(scenarios), pathlib.Path(verdicts)
    check = Check(thrum, documented(pathlib.Path(document).read_text()))
    bundled = sorted(scenarios.rglob("*.thrum"))
    with tempfile.TemporaryDirectory() as place:
        endless, pair = pathlib.Path(place, "endless.thrum"), pathlib.Path(place, "pair.thrum")
        endless.write_text(ENDLESS)
        pair.write_text(PAIR)
        for path in bundled + sorted(verdicts.glob("*.thrum")):
            check.run("explore", "--json", path)
        check.run("explore", "--json", "--states", "3000", endless)
        check.run("explore", "--json", "--states", "3000", scenarios / "deadlock/dining-philosophers-ordered.thrum")
        check.run("explore", "--json", "--time", "ordered", "--runs", "3", scenarios / "shared-memory/lost-update.thrum")
        for name in ("dining-philosophers", "two-accounts", "lost-wake-up", "starting-gun", "phases", "released-too-often"):
            check.run("run", "--json", name)
        check.run("run", "--json", "--for", "50ms", endless)
        check.run("run", "--json", pair, before=[refuse, "thread", "EAGAIN", "3"])
        check.run("step", "--json", "lost-update")
        check.run("replay", "--json", "two-accounts", "rent salary*2")
        check.run("check", "--json", "two-accounts", endless, "--states", "1000")
        check.run("check", "--json", "lost-update", "no-such-scenario")
    check.finish()
    print("\n".join(check.problems))
    print(f"{sum(map(len, check.wanted.values()))} members, {len(check.problems)} problems")
    return 1 if check.problems else 0


sys.exit(main())
