#!/usr/bin/env python3
"""A second opinion on scenarios: every schedule, tried by a small and slow program that shares no code with thrum.

Usage: oracle.py [--states N] FILE-OR-FOLDER...

Says for each file whether what the search finds is what the file expects, no more and no less, and whether the number
behind "# fewest preemptions:" is right. Of a folder it takes all scenarios but those in folders called "large". A file
with more than N states (default 30,000) is passed over, and said so. Exit status 1 if a file is not as it says.

No reduction of any kind; a thread is stuck in a state if it cannot go and no schedule from there ever lets it go, which
is read off the graph of all states. So nothing here resembles how thrum judges.
"""
import collections
import marshal
import pathlib
import sys

from machine import DIED, STATUS, Machine, copied, key
from scenario import Scenario


class TooLarge(Exception):
    pass


def verdict_of(died):
    return ("assertion", died[1]) if died[0] == "AssertionError" else ("error", died[0])


class Graph:
    """All states. edges[i]: (thread, j, failure or None). failures[i]: what is wrong with the state itself."""

    def __init__(self, path, limit):
        self.scenario = Scenario(path)
        self.machine = Machine(self.scenario)
        self.keys, self.numbers = [], {}
        self.edges, self.failures, self.can_go, self.alive, self.may_be_left = [], [], [], [], []
        self.finished, self.cut, self.seen, self.outcomes = set(), set(), set(), set()
        self.number(self.machine.start)
        done = 0
        while done < len(self.keys):
            if len(self.keys) > limit:
                raise TooLarge
            self.expand(done)
            done += 1
        self.stuck = self.find_stuck()

    def number(self, state):
        name = key(state)
        if name not in self.numbers:
            self.numbers[name] = len(self.keys)
            self.keys.append(name)
        return self.numbers[name]

    def expand(self, i):
        state, machine = marshal.loads(self.keys[i]), self.machine
        threads = range(len(state[2]))
        choices = [machine.choices(state, t) for t in threads]
        self.edges.append([])
        self.failures.append(self.races(state))
        self.can_go.append([bool(each) for each in choices])
        self.alive.append([thread[STATUS] == "alive" for thread in state[2]])
        self.may_be_left.append([machine.may_be_left(state, t) for t in threads])
        for code, text in self.scenario.sometimes:
            if text not in self.seen and machine.holds(state, code):
                self.seen.add(text)
        broken = [text for code, text in self.scenario.invariants if not machine.holds(state, code)]
        if broken:
            self.failures[i] |= {("assertion", text) for text in broken}
            self.cut.add(i)
        elif machine.finished(state):
            self.finished.add(i)
            self.outcomes.add(marshal.dumps(state[0], 2))
            died = self.scenario.after is not None and machine.run_after(state)
            if died:
                self.failures[i].add(verdict_of(died))
        else:
            for thread in threads:
                for choice in choices[thread]:
                    self.step(i, state, thread, choice)

    def step(self, i, state, thread, choice):
        state = copied(state)
        self.machine.perform(state, thread, choice)
        died = state[2][thread][DIED]
        state[2][thread][DIED] = None
        self.edges[i].append((thread, self.number(state), verdict_of(died) if died else None))

    def races(self, state):
        accesses = [self.machine.access(state, t) for t in range(len(state[2]))]
        accesses = [each for each in accesses if each]
        for number, (place, writes) in enumerate(accesses):
            for other, other_writes in accesses[:number]:
                if place == other and (writes or other_writes):
                    return {("race", "")}
        return set()

    def reaching(self, goals):
        """The states from which one of `goals` can be reached."""
        back = [[] for _ in self.keys]
        for i, edges in enumerate(self.edges):
            for _, j, _ in edges:
                back[j].append(i)
        found, work = set(goals), list(goals)
        while work:
            for i in back[work.pop()]:
                if i not in found:
                    found.add(i)
                    work.append(i)
        return found

    def find_stuck(self):
        """The states in which some non-daemon thread that is alive can never step again."""
        stuck = set()
        for thread in range(max(map(len, self.alive))):
            if thread < len(self.scenario.threads) and self.scenario.threads[thread][3]:
                continue
            moves = {i for i, edges in enumerate(self.edges) if any(edge[0] == thread for edge in edges)}
            lives = self.reaching(moves | self.cut) | self.finished
            alive = {i for i, each in enumerate(self.alive) if thread < len(each) and each[thread]}
            stuck |= alive - lives
        return stuck

    def verdicts(self):
        found = set().union(*self.failures)
        found |= {edge[2] for edges in self.edges for edge in edges if edge[2]}
        if self.stuck:
            found.add(("deadlock", ""))
        if len(self.reaching(self.finished | self.cut | self.stuck)) < len(self.keys):
            found.add(("livelock", ""))
        found |= {("unreached", text) for _, text in self.scenario.sometimes if text not in self.seen}
        return found or {("ok", "")}

    def fewest_preemptions(self):
        """Of any failure but a race; None without one. 0-1 breadth first over (state, last thread)."""
        seen = set()
        work = collections.deque([(0, 0, None)])
        best = None
        while work:
            cost, i, last = work.popleft()
            if best is not None and cost >= best:
                return best
            if (i, last) in seen:
                continue
            seen.add((i, last))
            if i in self.stuck or any(failure[0] != "race" for failure in self.failures[i]):
                return cost
            for thread, j, failure in self.edges[i]:
                free = last in (None, thread) or not self.can_go[i][last] or self.may_be_left[i][last]
                if failure:
                    best = min(cost + (not free), cost + 1 if best is None else best)
                (work.appendleft if free else work.append)((cost + (not free), j, thread))
        return best


def differs(graph):
    """What is not as the file says, in words."""
    expect, found = graph.scenario.expect, graph.verdicts()
    fits = lambda said, seen: said[0] == seen[0] and said[1] in ("", seen[1])
    problems = [f"does not find {said}" for said in sorted(expect) if not any(fits(said, each) for each in found)]
    problems += [f"finds {each}" for each in sorted(found) if not any(fits(said, each) for said in expect)]
    said = graph.scenario.preemptions
    if said is not None and graph.fewest_preemptions() != said:
        problems.append(f"needs {graph.fewest_preemptions()} preemptions, not {said}")
    return problems


def files(names):
    for path in map(pathlib.Path, names):
        yield from sorted(f for f in path.rglob("*.thrum") if "large" not in f.parts) if path.is_dir() else [path]


def main(arguments):
    limit, wrong = 30_000, 0
    if arguments[:1] == ["--states"]:
        limit, arguments = int(arguments[1]), arguments[2:]
    for path in files(arguments):
        try:
            graph = Graph(path, limit)
        except TooLarge:
            print(f"{path}: more than {limit} states, passed over")
            continue
        problems = differs(graph)
        wrong += bool(problems)
        answer = "; ".join(problems) or "as expected"
        print(f"{path}: {len(graph.keys)} states, {len(graph.outcomes)} outcomes: {answer}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
