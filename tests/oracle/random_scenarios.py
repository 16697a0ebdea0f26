#!/usr/bin/env python3
"""Small random scenarios, to compare thrum's search with the oracle's.

Usage: random_scenarios.py SEED COUNT FOLDER. Writes FOLDER/SEED-NUMBER.thrum. They are valid, short, bounded, and made
to go wrong often: plain variables beside locked ones, locks in any order, waits that nobody may end, time-outs,
exceptions, atomic blocks, threads started and joined at run time.
"""
import pathlib
import random
import sys

HEAD = '''"""
Random scenario {seed}-{number}
"""
x = 0
y = 0
cells = [0, 0]
a = Atomic(0)
lock = Lock()
other = Lock()
again = RLock()
permits = {semaphore}({permits})
event = Event()
condition = Condition({lock})
gate = Barrier(2)

def helper(n):
    with again:
        y += n
    return n
'''


class Writer:
    def __init__(self, rng):
        self.rng, self.lines, self.budget = rng, [], 0

    def line(self, depth, text):
        self.lines.append("    " * depth + text)

    def number(self):
        return self.rng.choice(["0", "1", "2", "x", "y", "a", "cells[0]", "cells[x % 2]", "x + y"])

    def test(self):
        return self.rng.choice(["x == 1", "y > 0", "a == 1", "event.is_set()", "cells[1] == 0", "lock.locked()",
                                "x < y or a > 0", "0 <= x < 2", "lock.acquire(blocking=False)",
                                "permits.acquire(timeout=1ms)", "event.wait(timeout=1ms)"])

    def simple(self):
        return self.rng.choice([
            "x += 1", "y = {n}", "x = {n}", "cells[0] = {n}", "cells[x % 2] += 1", "a.add(1)", "a = {n}",
            "a.cas(0, 1)", "a.swap(2)", "event.set()", "event.clear()", "event.wait()", "permits.acquire()",
            "permits.release()", "lock.acquire()", "lock.release()", "sleep(1ms)", "yield_now()", "gate.wait()",
            "gate.wait(timeout=1ms)", "helper(1)", "cells[y] = 1", "x = 1 // y", "assert x != 2, \"two\"",
            "assert y <= a, \"more than a\"", "raise ValueError(\"raised\")", "x = randint(0, 1)", "gate.abort()",
            "permits.acquire(blocking=False)", "lock.acquire(timeout=1ms)", "x = helper(2)",
        ]).format(n=self.number())

    def block(self, depth, length):
        for _ in range(length):
            self.statement(depth)

    def statement(self, depth):
        self.budget -= 1
        kind = self.rng.choice(["simple"] * 6 + ["with", "if", "repeat", "try", "atomic", "wait", "notify", "while"])
        if depth > 3 or self.budget < 2:
            kind = "simple"
        if kind == "simple":
            self.line(depth, self.simple())
        elif kind == "with":
            self.line(depth, f"with {self.rng.choice(['lock', 'other', 'again', 'permits', 'lock, other'])}:")
            self.block(depth + 1, self.rng.randint(1, 2))
        elif kind == "if":
            self.line(depth, f"if {self.test()}:")
            self.block(depth + 1, 1)
            if self.rng.random() < 0.4:
                self.line(depth, "else:")
                self.block(depth + 1, 1)
        elif kind == "repeat":
            self.line(depth, "repeat 2:")
            self.block(depth + 1, 1)
            if self.rng.random() < 0.3:
                self.line(depth + 1, f"if {self.test()}:")
                self.line(depth + 2, self.rng.choice(["break", "continue", "pass"]))
        elif kind == "try":
            self.line(depth, "try:")
            self.block(depth + 1, 1)
            if self.rng.random() < 0.7:
                caught = self.rng.choice(["ValueError", "RuntimeError", "(ZeroDivisionError, IndexError)",
                                          "BrokenBarrierError"])
                self.line(depth, f"except {caught}:")
                self.line(depth + 1, self.rng.choice(["x = 0", "pass", "y = 2"]))
            else:
                self.line(depth, "finally:")
                self.line(depth + 1, self.rng.choice(["y += 1", "event.set()", "a.add(1)"]))
        elif kind == "atomic":
            self.line(depth, "atomic:")
            for _ in range(self.rng.randint(1, 2)):
                self.line(depth + 1, self.rng.choice(["x += 1", "y = x", "a.add(1)", "cells[1] = y"]))
        elif kind == "wait":
            self.line(depth, "with condition:")
            waiting = self.rng.choice(["condition.wait()", "condition.wait(timeout=1ms)", "condition.wait_for(x > 0)"])
            self.line(depth + 1, waiting)
        elif kind == "notify":
            self.line(depth, "with condition:")
            self.line(depth + 1, "x = 1")
            self.line(depth + 1, self.rng.choice(["condition.notify()", "condition.notify_all()"]))
        else:
            self.line(depth, f"while not {self.rng.choice(['event.is_set()', 'a > 0', 'x > 0'])}:")
            self.line(depth + 1, self.rng.choice(["yield_now()", "sleep(1ms)", "pass"]))


def scenario(seed, number):
    rng = random.Random(f"{seed}-{number}")
    writer = Writer(rng)
    semaphore = rng.choice(["Semaphore", "BoundedSemaphore"])
    head = HEAD.format(seed=seed, number=number, semaphore=semaphore, permits=rng.randint(0, 2),
                       lock=rng.choice(["", "lock"]))
    for header in rng.choice([["A", "B"], ["A, B"], ["w * 2"], ["A", "B", "C"], ["A", "daemon D"], ["w * 2", "A"]]):
        writer.budget = 4
        writer.line(0, f"thread {header}:")
        writer.block(1, rng.randint(1, 3))
        writer.line(0, "")
    if rng.random() < 0.3:
        writer.line(0, "main:")
        writer.line(1, "made = Thread(target=helper, args=(1,))")
        writer.line(1, "made.start()")
        writer.line(1, writer.simple())
        writer.line(1, "made.join()")
        writer.line(0, "")
    if rng.random() < 0.3:
        writer.line(0, "invariant x < 3, \"x is small\"")
    if rng.random() < 0.3:
        writer.line(0, "sometimes x == 1 and y == 1, \"both one\"")
    if rng.random() < 0.6:
        writer.line(0, "after:")
        writer.line(1, rng.choice(["assert x == y, \"differ\"", "assert cells[0] == 0, \"touched\"",
                                   "assert x + y + a < 4, \"too many\""]))
    return head + "\n" + "\n".join(writer.lines) + "\n\nexpect ok\n"


def main(seed, count, folder):
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    for number in range(int(count)):
        (pathlib.Path(folder) / f"{seed}-{number}.thrum").write_text(scenario(seed, number))


if __name__ == "__main__":
    main(*sys.argv[1:])
