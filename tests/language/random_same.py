#!/usr/bin/env python3
"""Random programs, run by Python first: thrum must come to the same values.

Usage: random_same.py SCENARIOS-TOOL SEED COUNT. Each program is one `main:` with functions, loops, exceptions, lists
and arithmetic. Python runs it and says what the shared names hold in the end; those values become an assert, and the
naive explorer must find nothing wrong.
"""
import pathlib
import random
import subprocess
import sys
import tempfile

from same import as_python

SHARED = ["p", "q", "r"]


class Endless(BaseException):
    pass


class Writer:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.lines = []
        self.functions = []
        self.loops = 0

    def put(self, depth, text):
        self.lines.append("    " * depth + text)

    def number(self, names, depth=0):
        pick = self.random.randrange
        if depth > 2 or pick(3) == 0:
            return self.random.choice(names + [str(pick(-3, 9))] * 2 + [f"xs[{pick(-3, 3)}]"])
        a, b = self.number(names, depth + 1), self.number(names, depth + 1)
        shapes = [f"({a} + {b})", f"({a} - {b})", f"({a} * {b} % 97)", f"({a} // {b})", f"({a} % {b})",
                  f"({a} if {self.truth(names, depth + 1)} else {b})", f"max({a}, {b})", f"min({a}, {b})", f"abs({a})",
                  f"({a} or {b})", f"({a} and {b})", f"xs[{a} % 3]", f"sum([{a}, {b}])", f"({a}, {b})[{pick(-2, 2)}]", f"-{a}",
                  f"len(str({a}))", f"sum([{a} + k for k in range({pick(4)})])"]
        if self.functions:
            name, count = self.random.choice(self.functions)
            shapes += [f"{name}({', '.join([a, b][:count])})"] * 2
        return self.random.choice(shapes)

    def truth(self, names, depth=0):
        a, b, c = (self.number(names, depth + 2) for _ in range(3))
        return self.random.choice([
            f"{a} < {b}", f"{a} <= {b} < {c}", f"{a} == {b}", f"not {a} > {b}", f"{a} != {b} and {b} >= {c}",
            f"{a} or {b} < {c}", f"{a} in xs", f"{a} not in ({b}, {c})", f"xs == [{a}, {b}, {c}]"])

    def assignment(self, names, targets, depth):
        value = self.number(names)
        target = self.random.choice(targets + [f"xs[{self.number(names, 2)} % 3]"])
        operator = self.random.choice(["=", "=", "+=", "-="])
        if self.random.randrange(6) == 0:
            target, operator, value = "p, xs[1]", "=", f"{value}, {self.number(names)}"
        self.put(depth, f"{target} {operator} {value}")

    def block(self, names, targets, depth, budget, loop, result):
        for _ in range(self.random.randrange(1, 4)):
            self.statement(names, targets, depth, budget, loop, result)

    def statement(self, names, targets, depth, budget, loop, result):
        kinds = ["assign"] * 4 + ["note"]
        if budget > 0:
            kinds += ["if", "for", "while", "try", "with", "repeat", "each"]
        if loop:
            kinds += ["break", "continue"]
        if result:
            kinds += ["return"]
        kinds += ["raise"] if self.random.randrange(3) == 0 else []
        kind = self.random.choice(kinds)
        inner = (names, targets, depth + 1, budget - 1, loop, result)
        looping = (names, targets, depth + 1, budget - 1, True, result)
        if kind == "assign":
            self.assignment(names, targets, depth)
        elif kind == "note":
            self.put(depth, f"assert len(str(xs)) + {self.number(names)} > -99")
        elif kind == "if":
            self.put(depth, f"if {self.truth(names)}:")
            self.block(*inner)
            if self.random.randrange(2):
                self.put(depth, f"elif {self.truth(names)}:")
                self.block(*inner)
            self.put(depth, "else:")
            self.block(*inner)
        elif kind in ("for", "each", "repeat"):
            self.loops += 1
            name = f"i{self.loops}"
            start, step = self.random.randrange(-2, 3), self.random.choice([-2, -1, 1, 2])
            through = f"range({start}, {start + step * self.random.randrange(4)}, {step})"
            self.put(depth, f"for {name} in {'xs' if kind == 'each' else through}:")
            self.block(names + [name], *looping[1:])
        elif kind == "while":
            self.loops += 1
            name = f"w{self.loops}"
            self.put(depth, f"{name} = 0")
            self.put(depth, f"while {name} < {self.random.randrange(4)} and {self.truth(names)}:")
            self.put(depth + 1, f"{name} += 1")
            self.block(names + [name], *looping[1:])
        elif kind == "with":
            self.put(depth, "with guard:")
            self.block(*inner)
        elif kind == "try":
            self.put(depth, "try:")
            self.block(*inner)
            final = self.random.randrange(3)
            if final < 2:
                caught = self.random.choice(["ValueError", "ZeroDivisionError", "(IndexError, ValueError)", "RuntimeError"])
                self.put(depth, f"except {caught} as e{self.loops}x{depth}:")
                self.put(depth + 1, f"p += len(str(e{self.loops}x{depth}))")
                self.block(*inner)
                if self.random.randrange(3) == 0:
                    self.put(depth + 1, "raise")
            if final > 0:
                self.put(depth, "finally:")
                self.block(*inner)
        elif kind == "return":
            self.put(depth, f"return {self.number(names)}")
        elif kind == "raise":
            self.put(depth, f"raise {self.random.choice(['ValueError', 'RuntimeError'])}(\"raised\")")
        else:
            self.put(depth, kind)

    def program(self):
        for number in range(self.random.randrange(1, 4)):
            count = self.random.randrange(3)
            parameters = ["a", "b"][:count]
            self.put(0, f"def f{number}({', '.join(parameters)}):")
            self.put(1, "n = 1")
            self.block(SHARED + parameters + ["n"], ["p", "q", "n"] + parameters, 1, 2, False, True)
            self.put(1, "return n + p")
            self.put(0, "")
            self.functions.append((f"f{number}", count))
        self.put(0, "main:")
        self.put(1, "m = 2")
        self.put(1, "try:")
        self.block(SHARED + ["m"], SHARED + ["m"], 2, 3, False, False)
        self.put(1, "except:")
        self.put(2, "r += 1000")
        head = '"""Random"""\nxs = [3, 1, 2]\nguard = RLock()\n' + "".join(f"{name} = {i}\n" for i, name in enumerate(SHARED))
        return head + "\n" + "\n".join(self.lines) + "\n"


def values_of(text):
    """What the shared names hold in the end; None for a program that is not a fair question."""
    import threading
    names = {"RLock": threading.RLock}
    steps = [0]

    def count(frame, event, argument):
        steps[0] += 1
        if steps[0] > 20000:
            raise Endless
        return count

    sys.settrace(count)
    try:
        exec(compile(as_python(text), "random", "exec"), names)
    except (Endless, RecursionError, UnboundLocalError):
        return None
    finally:
        sys.settrace(None)
    values = {name: names[name] for name in SHARED + ["xs"]}
    numbers = [values[name] for name in SHARED] + values["xs"]
    return values if all(abs(number) < 2**60 for number in numbers) and steps[0] <= 20000 else None


def main(tool, seed, count):
    with tempfile.TemporaryDirectory() as folder:
        kept = 0
        for number in range(int(count)):
            text = Writer(f"{seed}-{number}").program()
            values = values_of(text)
            if values is None:
                continue
            kept += 1
            held = " and ".join(f"{name} == {value}" for name, value in values.items())
            text += f"    assert {held}, f\"{{p}} {{q}} {{r}} {{xs}}\"\n\nexpect ok\n"
            (pathlib.Path(folder) / f"{seed}-{number}.thrum").write_text(text)
        done = subprocess.run([tool, "--refused", folder], capture_output=True, text=True, timeout=300)
        print(done.stdout[-4000:] + done.stderr[-2000:])
        for path in sorted(pathlib.Path(folder).glob("*")):
            if str(path) in done.stdout:
                print(path.read_text())
                break
        print(f"{kept} programs")
        return done.returncode or kept == 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
