#!/usr/bin/env python3
"""Installs into a fresh folder and uses what is there.

Usage: test-install.py BUILD SOURCE CC [CXX]. Checks that the program, the man page, every bundled scenario, the public
headers and the pkg-config file are in place; that the installed program starts; and that programs in C11 and C++11
compile against the installed headers with the flags that pkg-config gives.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

PROGRAM = """
#include <thrum/event.h>
#include <thrum/ring.h>
int main(void) { return sizeof(struct thrum_event) == 32 ? 0 : 1; }
"""


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def one(place, pattern):
    found = sorted(place.rglob(pattern))
    if len(found) != 1:
        sys.exit(f"{pattern}: expected one, found {[str(path) for path in found]}")
    return found[0]


def compile_and_run(compiler, standard, language, folder, place):
    pc = one(place, "pkgconfig/thrum.pc")
    environment = dict(os.environ, PKG_CONFIG_PATH=str(pc.parent))
    prefix = one(place, "bin/thrum").parent.parent
    answer = run("pkg-config", f"--define-variable=prefix={prefix}", "--cflags", "--libs", "thrum", env=environment)
    flags = answer.split()
    program = folder / f"use-{language}"
    source = folder / f"use.{language}"
    source.write_text(PROGRAM)
    warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    posix = "-D_POSIX_C_SOURCE=200809L"
    run(*compiler, f"-std={standard}", posix, *warnings, source, "-o", program, *flags)
    run(program)


def main():
    build, source = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="thrum-install-") as name:
        folder = pathlib.Path(name)
        place = folder / "place"
        run("meson", "install", "-C", build, "--destdir", place, "--no-rebuild", "--quiet")

        program = one(place, "bin/thrum")
        if not run(program, "--version").startswith("thrum "):
            sys.exit("the installed program does not say its version")
        if ".TH THRUM 1" not in one(place, "man1/thrum.1").read_text():
            sys.exit("the man page is not one")
        if "complete -F" not in one(place, "bash-completion/completions/thrum").read_text():
            sys.exit("the completion for bash is none")

        scenarios = one(place, "thrum/scenarios")
        wanted = {path.relative_to(source / "scenarios") for path in (source / "scenarios").rglob("*.thrum")}
        wanted.add(pathlib.Path("order.txt"))
        installed = {path.relative_to(scenarios) for path in scenarios.rglob("*") if path.is_file()}
        if not wanted or installed != wanted:
            sys.exit(f"scenarios differ: {sorted(map(str, installed ^ wanted))}")

        compile_and_run([sys.argv[3]], "c11", "c", folder, place)
        if len(sys.argv) > 4:
            compile_and_run([sys.argv[4]], "c++11", "cpp", folder, place)
    print("installed, complete and usable")


main()
