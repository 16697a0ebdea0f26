#!/usr/bin/env python3
"""What thrum does when the kernel refuses something: perf_event_open, threads, memory, /proc, or a thread's return.

Usage: check-refusals.py THRUM REFUSE

REFUSE is refuse.c. Each refusal must end in words and the documented exit status, with the terminal as it was, and
nothing may hang. Ends with 77 where the kernel cannot refuse.
"""
import fcntl
import json
import os
import pathlib
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
import unittest

REFUSE = sys.argv.pop()
THRUM = sys.argv.pop()
SKIP = 77
DEADLINE = 60  # seconds until something counts as hanging

PAIR = '"Pair"\nn = Atomic(0)\nthread A, B:\n    n.add(1)\n    sleep(1ms)\n    n.add(1)\n'
MAKER = '"Maker"\nn = Atomic(0)\ndef work():\n    n.add(1)\n    sleep(1ms)\nthread W * 2:\n    sleep(2ms)\nmain:\n' \
        '    for i in range(3):\n        t = Thread(target=work)\n        t.start()\n'
LONG = '"Long"\nthread A:\n    io(1000)\nthread B:\n    sleep(1000)\n'
WIDE = '"Wide"\na = [0] * 5\nthread w(i) for i in range(5):\n    repeat 4:\n        a[i] += 1\n'


class Terminal:
    """A program on a terminal of its own, 140 columns wide."""

    def __init__(self, arguments):
        self.master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 140, 0, 0))
        self.before = termios.tcgetattr(slave)
        self.slave, self.bytes = slave, b""
        environment = {**os.environ, "TERM": "xterm-256color"}
        self.child = subprocess.Popen(arguments, stdin=slave, stdout=slave, stderr=slave, env=environment,
                                      start_new_session=True)

    def read(self):
        if select.select([self.master], [], [], 0.05)[0]:
            self.bytes += os.read(self.master, 65536)

    def waits(self, condition):
        end = time.monotonic() + DEADLINE
        while not condition() and self.child.poll() is None and time.monotonic() < end:
            self.read()
        return condition()

    def sees(self, words):
        return self.waits(lambda: words.encode() in self.bytes)

    def press(self, keys):
        os.write(self.master, keys.encode())

    def end(self):
        """Waits for the end; the exit status, and whether the terminal is as it was."""
        end = time.monotonic() + DEADLINE
        while self.child.poll() is None and time.monotonic() < end:
            self.read()
        hangs = self.child.poll() is None
        if hangs:
            self.child.kill()
        while select.select([self.master], [], [], 0)[0]:
            self.read()
        restored = termios.tcgetattr(self.slave) == self.before
        left = self.bytes.rfind(b"\x1b[?1049l") >= self.bytes.rfind(b"\x1b[?1049h")
        os.close(self.master)
        os.close(self.slave)
        return "hangs" if hangs else self.child.wait(), restored and left


class Refusals(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)

    def file(self, text):
        path = pathlib.Path(self.place.name, "x.thrum")
        path.write_text(text, encoding="utf-8")
        return str(path)

    def command(self, refusal, command, text, *options):
        return [REFUSE, *refusal.split(), THRUM, command, self.file(text), *options]

    def refused(self, refusal, command, text, *options):
        """Runs it; the process, and how many calls were refused."""
        count = pathlib.Path(self.place.name, "refused")
        count.unlink(missing_ok=True)
        done = subprocess.run(self.command(refusal, command, text, *options), capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=DEADLINE, check=False,
                              env={**os.environ, "REFUSED": str(count)})
        if done.returncode == SKIP:
            sys.exit(SKIP)
        self.assertNotIn("Sanitizer", done.stderr)
        return done, int(count.read_text(encoding="ascii"))

    def test_perf(self):
        for error, words in [("EACCES", "Permission denied"), ("EPERM", "Operation not permitted")]:
            for first in 1, 2:  # 2: one processor's event is there already, unless there is one only
                done, count = self.refused(f"perf {error} {first}", "run", PAIR, "--json")
                self.assertEqual(done.returncode, 0, done.stderr)
                result = json.loads(done.stdout)
                self.assertEqual(result["verdicts"], ["ok"])
                if not count:
                    continue
                self.assertRegex(result["states_from"],
                                 rf"^scenario's events and counts in /proc \(perf_event_open(: {words}| refused: .*)\)$")
                self.assertTrue(all(thread["preempted"] >= 0 for thread in result["threads"]))
        done, _ = self.refused("perf EACCES 1", "run", PAIR)
        self.assertIn("running, ready and blocked from the scenario's events and counts in /proc (", done.stdout)

    def test_perf_and_proc(self):
        done, count = self.refused("proc EACCES 1", "run", PAIR)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertGreater(count, 0)
        self.assertIn("from the scenario's events alone, without /proc (perf_event_open: Permission denied)",
                      done.stdout)

    def test_perf_on_screen(self):
        terminal = Terminal(self.command("perf EACCES 1", "run", PAIR))
        self.assertTrue(terminal.sees("scenario's events and counts in /proc"))
        self.assertTrue(terminal.sees("the kernel does not tell who is preempted"))
        terminal.press("q")
        self.assertEqual(terminal.end(), (0, True))

    def all_threads_in_turn(self, command, text, words, *options):
        """Refuses the first, the second … thread, until there is none to refuse; returns how many there were."""
        for first in range(1, 100):
            done, count = self.refused(f"thread EAGAIN {first}", command, text, *options)
            if not count:
                self.assertEqual(done.returncode, 0, done.stderr)
                return first - 1
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertRegex(done.stderr, words)
        self.fail("threads without end")

    def test_threads(self):
        words = r"thrum: cannot start (thread .* \(\d are there\)|the collector's thread): "
        self.assertEqual(self.all_threads_in_turn("run", PAIR, words), 4)
        self.assertEqual(self.all_threads_in_turn("run", MAKER, words), 7)
        self.assertEqual(self.all_threads_in_turn("run", MAKER, words, "--until-failure", "1"), 7)

    def test_threads_that_step(self):
        words = "thrum: thread . of the run could not be started: "
        self.assertGreaterEqual(self.all_threads_in_turn("step", PAIR, words), 3)

    def test_threads_that_search(self):
        """A search goes on with the workers it has."""
        alone, _ = self.refused("thread EAGAIN 100", "explore", WIDE, "--jobs", "1", "--json", "--no-reduction")
        done, count = self.refused("thread EAGAIN 1", "explore", WIDE, "--jobs", "4", "--json", "--no-reduction")
        self.assertGreater(count, 0)
        alone, done = json.loads(alone.stdout), json.loads(done.stdout)
        self.assertTrue(done["complete"])
        for key in "outcomes", "failures":
            self.assertEqual(done[key], alone[key])

    def test_threads_on_screen(self):
        for text, first in (PAIR, 2), (PAIR, 4), (MAKER, 6):
            terminal = Terminal(self.command(f"thread EAGAIN {first}", "run", text))
            self.assertTrue(terminal.sees("ERROR"))
            self.assertTrue(terminal.sees("cannot start"))
            terminal.press("q")
            self.assertEqual(terminal.end(), (2, True))

    def test_rings(self):
        count = subprocess.run([REFUSE, "rings", "ENOMEM", "1", THRUM, "--version"], capture_output=True, check=False)
        if count.returncode:
            self.skipTest("a sanitizer needs such memory itself")
        done, count = self.refused("rings ENOMEM 1", "run", PAIR)
        self.assertEqual((done.returncode, count), (3, 1))
        self.assertEqual(done.stderr, "thrum: out of memory for the rings of 3 threads\n")
        terminal = Terminal(self.command("rings ENOMEM 1", "run", PAIR))
        self.assertEqual(terminal.end(), (3, True))

    def test_a_thread_that_never_comes_back(self):
        """Its call into the kernel does not return, so it cannot leave: quitting ends the process all the same."""
        done, count = self.refused("timer hold 1", "run", LONG, "--for", "20ms")
        self.assertEqual((done.returncode, count), (0, 1), done.stderr)
        self.assertIn("(stopped before the end)", done.stdout)
        held = pathlib.Path(self.place.name, "held")
        os.environ["REFUSED"] = str(held)
        terminal = Terminal(self.command("timer hold 1", "run", LONG))
        del os.environ["REFUSED"]
        self.assertTrue(terminal.waits(lambda: held.exists() and held.read_text(encoding="ascii") == "1\n"))
        terminal.press("q")
        self.assertEqual(terminal.end(), (0, True))


unittest.main(verbosity=0)
