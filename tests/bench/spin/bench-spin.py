#!/usr/bin/env python3
"""Measures thrum beside SPIN on the same models, in one run on one machine.

Usage: bench-spin.py THRUM [--limit SECONDS] [--all] [NAME...]

For each model: thrum from start to end of the process, with all its reductions, and without any; SPIN from Promela to
the end of the verifier (translate, compile, run), compiled by gcc -O2 and by tcc, with its own reduction (`-DNOREDUCE` for
the unreduced comparison). Each figure is the best of three runs. What is not installed is left out. One core each:
thrum runs with --jobs 1. Prints a line a model and the ratios; exits 0 whatever they are.
"""
import argparse
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from models import MODELS  # noqa: E402


def timed(command, folder, limit):
    """Seconds of wall time and of processor time, and what it printed; None when it took too long."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return None
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, used, done.stdout + done.stderr


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


def thrum(program, path, limit, *options):
    ran = best([[program, "check", "--jobs", "1", *options, str(path)]], path.parent, limit, 3)
    if ran is None:
        return None
    found = re.search(r"^(ok|FAIL)\b.*?  (\d+) states", ran[2], re.M)
    if not found or found.group(1) != "ok":
        sys.exit(f"{path.name}: {ran[2]}")
    return ran[0], ran[1], int(found.group(2))


def spin(folder, name, compiler, limit, *defines):
    for old in pathlib.Path(folder).glob("pan*"):
        old.unlink()
    compile_ = [compiler, "-w", "-DSAFETY", "-DMEMLIM=4000", *defines, "-o", "pan", "pan.c"]
    if compiler == "gcc":
        compile_.insert(1, "-O2")
    ran = best([["spin", "-a", name + ".pml"], compile_, ["./pan", "-m10000000", "-c0"]], folder, limit, 3)
    if ran is None:
        return None
    states = re.search(r"^\s*(\d+) states, stored", ran[2], re.M)
    if not states:
        return None
    memory = re.search(r"^\s*([\d.]+)\s+total actual memory usage", ran[2], re.M)
    return ran[0], ran[1], int(states.group(1)), ran[3], float(memory.group(1)) if memory else 0.0


def show(value, form):
    return "-" if value is None else form % value


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("thrum")
    parser.add_argument("--limit", type=float, default=30)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    program = os.path.abspath(arguments.thrum)
    compilers = [each for each in ("gcc", "tcc") if shutil.which(each)] if shutil.which("spin") else []
    if not compilers:
        print("spin is not installed: thrum alone")
    print("                        thrum                  SPIN, end to end: seconds (ratio)    states: thrum     SPIN   "
          "unreduced, M states/s: thrum  SPIN  ratio")
    with tempfile.TemporaryDirectory() as folder:
        for name, (scenario, promela) in MODELS:
            if arguments.names and name not in arguments.names:
                continue
            path = pathlib.Path(folder, name + ".thrum")
            path.write_text(f'"""{name}"""\n{scenario}')
            pathlib.Path(folder, name + ".pml").write_text(promela)
            mine = thrum(program, path, arguments.limit)
            plain = thrum(program, path, arguments.limit, "--no-reduction")
            line = f"{name:22} {show(mine and mine[0], '%8.4f')} s  "
            theirs = [spin(folder, name, compiler, arguments.limit) for compiler in compilers]
            for compiler, each in zip(compilers, theirs):
                ratio = f"{each[0] / mine[0]:6.1f}x" if each and mine else "      -"
                line += f" {compiler} {show(each and each[0], '%7.3f')} ({ratio})"
            reduced = theirs[0] if theirs else None
            line += f"  {mine[2] if mine else 0:9} {show(reduced and reduced[2], '%9d')}"
            whole = spin(folder, name, "gcc", arguments.limit, "-DNOREDUCE") if compilers else None
            if plain and whole and plain[2] > 20000:
                mine_rate, their_rate = plain[2] / plain[1] / 1e6, whole[2] / whole[3] / 1e6
                line += f"   {mine_rate:8.2f} {their_rate:8.2f} {mine_rate / their_rate:6.2f}x"
                line += f"   ({plain[2]} and {whole[2]} states)"
            print(line, flush=True)


if __name__ == "__main__":
    main()
