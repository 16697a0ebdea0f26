#!/usr/bin/env python3
"""Measures thrum beside SPIN on the same models, in one run on one machine.

Usage: bench-spin.py THRUM [--limit SECONDS] [--rounds N] [--unreduced] [NAME...]

Two comparisons for each model, one core each (thrum runs with --jobs 1):

  end to end   from the text to the answer, both with their own reductions. thrum: the whole process. SPIN: translate,
               compile (gcc -O2, and tcc), run the verifier. The best of three.
  unreduced    states a second and bytes of memory a state of `thrum check --no-reduction` and of a verifier compiled
               with gcc -O2 -DNOREDUCE, runs of the two alternating so that what else goes on meets both; processor
               time, the best of the rounds. Memory is the most that the process had, tables of fixed size
               included, which weigh where states are few. Only where there are more than 20,000 states.

What is looked for in every state is not the same, and in thrum's disfavour:

  SPIN         failed assertions; states where some process cannot go on and is not at its end (-DSAFETY)
  thrum        failed assertions and uncaught exceptions; threads that will never go on, also while others do (SPIN:
               only when nobody can); races, that is pairs of plain accesses that are both next; final values; and,
               over the graph that it keeps of all states and steps, livelock

What is not installed is left out. Prints a line a model; exits 0 whatever the ratios are.
"""
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from models import MODELS  # noqa: E402


def timed(command, folder, limit):
    """(seconds of wall time, of processor time, what it printed, MB at most); None when it took too long."""
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        with subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT) as process:
            timer = threading.Timer(limit, process.kill)
            timer.start()
            _, status, usage = os.wait4(process.pid, 0)
            timer.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - start
        output.seek(0)
        if process.returncode < 0:
            return None
        return wall, usage.ru_utime + usage.ru_stime, output.read().decode(), usage.ru_maxrss / 1024


def best(commands, folder, limit, times):
    """The best of several runs of a chain of commands: (wall, processor, output of the last, processor of the last)."""
    results = []
    for _ in range(times):
        wall = used = 0.0
        output, last = "", 0.0
        for command in commands:
            ran = timed(command, folder, limit)
            if ran is None:
                return None
            wall, used, output, last = wall + ran[0], used + ran[1], ran[2], ran[1]
        results.append((wall, used, output, last))
        if wall > 5:
            break
    return min(results, key=lambda result: result[1])


def thrum_states(path, output):
    found = re.search(r"^(ok|FAIL)\b.*?  (\d+) states", output, re.M)
    if not found or found.group(1) != "ok":
        sys.exit(f"{path.name}: {output}")
    return int(found.group(2))


def spin_states(output):
    found = re.search(r"^\s*(\d+) states, stored", output, re.M)
    return int(found.group(1)) if found else None


def compile_command(compiler, *defines):
    command = [compiler, "-w", "-DSAFETY", "-DMEMLIM=4000", *defines, "-o", "pan", "pan.c"]
    return command[:1] + ["-O2"] + command[1:] if compiler == "gcc" else command


VERIFY = ["./pan", "-m10000000", "-c0"]


def thrum(program, path, limit):
    """(wall seconds, states) of the whole process."""
    ran = best([[program, "check", "--jobs", "1", str(path)]], path.parent, limit, 3)
    return ran and (ran[0], thrum_states(path, ran[2]))


def spin(folder, name, compiler, limit):
    """(wall seconds, states) from Promela to the verifier's end."""
    ran = best([["spin", "-a", name + ".pml"], compile_command(compiler), VERIFY], folder, limit, 3)
    states = ran and spin_states(ran[2])
    return (ran[0], states) if states else None


def unreduced(program, path, name, limit, rounds):
    """[(states, processor seconds, MB) of thrum, of SPIN], or None."""
    folder = path.parent
    for command in (["spin", "-a", name + ".pml"], compile_command("gcc", "-DNOREDUCE")):
        if timed(command, folder, 120) is None:
            return None
    mine, theirs = [], []
    for _ in range(rounds):
        for command, runs in (([program, "check", "--jobs", "1", "--no-reduction", str(path)], mine),
                              (VERIFY, theirs)):
            ran = timed(command, folder, limit)
            if ran is None:
                return None
            runs.append(ran)
    counts = thrum_states(path, mine[0][2]), spin_states(theirs[0][2])
    if not counts[1] or counts[0] <= 20000:
        return None
    return [(count, min(run[1] for run in runs), min(run[3] for run in runs))
            for count, runs in zip(counts, (mine, theirs))]


def show(value, form):
    return "-" if value is None else form % value


def write_unreduced(both):
    mine, theirs = (count / seconds / 1e6 for count, seconds, _ in both)
    memory = [megabytes * 1048576 / count for count, _, megabytes in both]
    return (f"   {mine:8.2f} {theirs:8.2f} {mine / theirs:6.2f}x   {memory[0]:6.0f} {memory[1]:6.0f}"
            f"   ({both[0][0]} and {both[1][0]} states)")


def write_end_to_end(program, path, name, compilers, limit):
    mine = thrum(program, path, limit)
    line = f"{name:22} {show(mine and mine[0], '%8.4f')} s  "
    theirs = [spin(path.parent, name, compiler, limit) for compiler in compilers]
    for compiler, each in zip(compilers, theirs):
        ratio = f"{each[0] / mine[0]:6.1f}x" if each and mine else "      -"
        line += f" {compiler} {show(each and each[0], '%7.3f')} ({ratio})"
    reduced = theirs[0] if theirs else None
    return line + f"  {mine[1] if mine else 0:9} {show(reduced and reduced[1], '%9d')}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("thrum")
    parser.add_argument("--limit", type=float, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--unreduced", action="store_true", help="only the second comparison")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_intermixed_args()
    program = os.path.abspath(arguments.thrum)
    compilers = [each for each in ("gcc", "tcc") if shutil.which(each)] if shutil.which("spin") else []
    if not compilers:
        print("spin is not installed: thrum alone")
    print("                        thrum                  SPIN, end to end: seconds (ratio)    states: thrum     SPIN   "
          "unreduced, M states/s: thrum  SPIN  ratio   bytes a state: thrum  SPIN")
    with tempfile.TemporaryDirectory() as folder:
        for name, (scenario, promela) in MODELS:
            if arguments.names and name not in arguments.names:
                continue
            path = pathlib.Path(folder, name + ".thrum")
            path.write_text(f'"""{name}"""\n{scenario}')
            pathlib.Path(folder, name + ".pml").write_text(promela)
            line = f"{name:22}"
            if not arguments.unreduced:
                line = write_end_to_end(program, path, name, compilers, arguments.limit)
            both = unreduced(program, path, name, arguments.limit, arguments.rounds) if "gcc" in compilers else None
            print(line + (write_unreduced(both) if both else ""), flush=True)


if __name__ == "__main__":
    main()
