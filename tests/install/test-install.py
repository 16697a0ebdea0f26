#!/usr/bin/env python3
"""Installs into a fresh folder and uses what is there.

Usage: test-install.py BUILD SOURCE CC [CXX]. Checks that the program, the man page, every bundled scenario, the public
headers and the pkg-config file are in place; that the installed program starts; and that a program compiles without
a warning against the installed headers, with the flags that pkg-config gives, and works: in strict and in usual C and
C++, by each compiler that is there.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

C_WAYS = [["-std=c11"], ["-std=c17"], ["-std=gnu11"], ["-std=c11", "-U__SIZEOF_INT128__"]]
CXX_WAYS = [["-std=c++11"], ["-std=c++17"], ["-std=gnu++17"]]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wundef", "-Werror"]


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


def compile_and_run(compilers, ways, language, source, folder, place):
    pc = one(place, "pkgconfig/thrum.pc")
    environment = dict(os.environ, PKG_CONFIG_PATH=str(pc.parent))
    prefix = one(place, "bin/thrum").parent.parent
    answer = run("pkg-config", f"--define-variable=prefix={prefix}", "--cflags", "--libs", "thrum", env=environment)
    program = folder / "use"
    for compiler in sorted({path for name in compilers if (path := shutil.which(name))}):
        for way in ways:
            run(compiler, *way, *WARNINGS, "-x", language, source, "-o", program, *answer.split())
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

        program = source / "tests" / "unit" / "trace" / "public.c"
        compile_and_run([sys.argv[3], "gcc", "clang"], C_WAYS, "c", program, folder, place)
        compile_and_run([*sys.argv[4:], "g++", "clang++"], CXX_WAYS, "c++", program, folder, place)
    print("installed, complete and usable")


main()
