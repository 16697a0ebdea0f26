#!/usr/bin/env python3
"""The bundled scenarios as texts: each says what it is about.

Usage: check-texts.py SCENARIOS OTHERS. In SCENARIOS every file has a title that no other has, an explanation with a
"Look for:", and an `expect`; what fails names a cure; every file that an explanation names exists in
its folder or its neighbours; order.txt names every file once. In OTHERS every file has a title and an `expect`.
"""
import ast
import pathlib
import re
import sys

problems = []


def complain(path, text):
    problems.append(f"{path}: {text}")


def document(path):
    """The title and the explanation, or None."""
    found = re.match(r'"""(.*?)"""', path.read_text(), re.S)
    if not found:
        return complain(path, "does not begin with a string")
    lines = ast.literal_eval(found.group(0)).strip().splitlines()
    return lines[0], "\n".join(lines[1:]).strip()


def check_lines(path):
    for number, line in enumerate(path.read_text().split("\n"), 1):
        if len(line) > 120 or line != line.rstrip() or "\t" in line:
            complain(f"{path}:{number}", "too long, a tab, or a space at the end")
    if not re.search(r"^expect ", path.read_text(), re.M):
        complain(path, "has no expect")


def main():
    bundled = sorted(pathlib.Path(sys.argv[1]).rglob("*.thrum"))
    others = sorted(pathlib.Path(sys.argv[2]).rglob("*.thrum"))
    names = {path.name for path in bundled}
    titles = {}
    for path in bundled + others:
        check_lines(path)
        found = document(path)
        if not found:
            continue
        title, text = found
        if path in others:
            continue
        if title in titles:
            complain(path, f"has the title of {titles[title]}")
        titles[title] = path
        if "Look for:" not in text:
            complain(path, "does not say what to look for")
        if "\nexpect ok" not in path.read_text() and not re.search("cure", title + text, re.I):
            complain(path, "fails, and names no cure")
        for name in re.findall(r"[\w-]+\.thrum", text):
            if name not in names:
                complain(path, f"names {name}, which does not exist")
    order = (pathlib.Path(sys.argv[1]) / "order.txt").read_text().split()
    names = sorted(f"{path.parent.name}/{path.stem}" for path in bundled)
    if sorted(order) != names:
        complain("order.txt", f"does not name each file once: {set(order) ^ set(names) or 'twice'}")
    if len(bundled) < 22:
        complain(sys.argv[1], f"only {len(bundled)} scenarios")
    print("\n".join(problems) or f"{len(bundled)} scenarios and {len(others)} others say what they are about")
    return 1 if problems else 0


sys.exit(main())
