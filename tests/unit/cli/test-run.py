"""thrum run without a terminal: summaries, JSON, exit statuses, Ctrl-C. Usage: test-run.py THRUM"""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

THRUM = sys.argv.pop()

OK = '"Fine"\nn = 0\nlock = Lock()\nthread A, B:\n    with lock:\n        n += 1\n        print(f"n is {n > 0}")\n' \
     'after:\n    assert n == 2\n'
ENDLESS = '"Endless"\nthread A:\n    while True:\n        sleep(1ms)\n'
SELF = '"Self"\na = Lock()\nthread A:\n    a.acquire()\n    a.acquire()\n'
DICE = '"Dice"\nn = 0\nthread A:\n    n = randint(1, 6)\nafter:\n    assert n != 3, "three"\n'
STEERING = '"Steering"\nthread A:\n    print("red \\x1b[31m and \\x07")\n'
ORDERS = '"Orders"\na = Lock()\nb = Lock()\nthread A:\n    with a, b:\n        pass\n' \
         'thread B:\n    A.join()\n    with b, a:\n        pass\n' \
         'thread C:\n    A.join()\n    with a, b:\n        pass\n'
BROKEN = '"Broken"\nthread A:\n    countr += 1\n'


class Run(unittest.TestCase):
    def run_text(self, text, *options, **more):
        with tempfile.NamedTemporaryFile("w", suffix=".thrum", delete=False) as file:
            file.write(text)
        self.addCleanup(os.unlink, file.name)
        return subprocess.run([THRUM, "run", file.name, *options], capture_output=True, text=True, timeout=60, **more)

    def test_fine(self):
        done = self.run_text(OK)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("\nVERDICT  ok\n", done.stdout)
        self.assertIn("\nn = 2\n", done.stdout)
        self.assertEqual(done.stdout.count("n is True\n"), 2)
        self.assertEqual(done.stderr, "")

    def test_what_it_prints_does_not_steer_the_terminal(self):
        done = self.run_text(STEERING)
        self.assertIn("red ?[31m and ?\n", done.stdout)

    def test_possible_deadlock_is_told_beside_ok(self):
        for _ in range(20):  # B and C may get stuck: then it is no possibility
            done = self.run_text(ORDERS)
            if done.returncode == 0:
                break
        self.assertRegex(done.stdout, r"\nVERDICT  ok in this run, \d possible problems?\n")

    def test_deadlock(self):
        done = self.run_text(SELF, "--headless")
        self.assertEqual(done.returncode, 1)
        self.assertIn("A holds a (line 4), waits for a (line 5), which it holds itself", done.stdout)
        self.assertIn("\nVERDICT  deadlock\n", done.stdout)

    def test_json(self):
        done = self.run_text(OK, "--json", "--seed", "5")
        self.assertEqual(done.returncode, 0)
        out = json.loads(done.stdout)
        self.assertEqual(out["verdicts"], ["ok"])
        self.assertEqual(out["values"], {"n": "2"})
        self.assertEqual(out["seed"], 5)
        self.assertEqual(out["lost"], 0)
        self.assertEqual(out["defects"], 0)
        self.assertEqual([t["name"] for t in out["threads"]], ["MainThread", "A", "B"])
        self.assertEqual(sorted(out["console"]), ["n is True", "n is True"])

    def test_the_seed_decides_the_dice(self):
        values = [json.loads(self.run_text(DICE, "--json", "--seed", str(seed)).stdout)["values"]["n"]
                  for seed in [1, 1, 2, 3, 4, 5, 6, 7]]
        self.assertEqual(values[0], values[1])
        self.assertGreater(len(set(values)), 1)

    def test_every_seed_that_is_printed_can_be_given(self):
        done = self.run_text(DICE, "--json", "--seed", str(2**64 - 1))
        self.assertEqual(json.loads(done.stdout)["seed"], 2**64 - 1, done.stderr)

    def test_odd_values(self):
        for options in ["--for 0", "--for 99999999999999999999s", "--cpus 0", "--cpus 4294967297", "--seed -1",
                        "--seed 18446744073709551616", "--until-failure 0", "--until-failure=1.5", "--jitter=3",
                        "--headless=1", "--memory 0", "--pace -1ms"]:
            done = self.run_text(OK, *options.split())
            self.assertEqual(done.returncode, 2, options)
            self.assertTrue(done.stderr.startswith("thrum: "), options)
        for options in ["--for 2000000h", "--for 1e9", "--cpus 4000000000", "--pace 0", "--pace 0.1us", "--memory 1"]:
            self.assertEqual(self.run_text(OK, *options.split()).returncode, 0, options)
        done = self.run_text(OK, "--pace", "2000000h", "--for", "20ms")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("(stopped before the end)", done.stdout)

    def test_until_failure(self):
        done = self.run_text(DICE, "--until-failure", "--seed", "1")
        self.assertEqual(done.returncode, 1)
        self.assertIn("ASSERTION  three", done.stdout)
        seed = re.search(r"with seed (\d+): assertion", done.stderr)
        self.assertTrue(seed, done.stderr)
        again = self.run_text(DICE, "--seed", seed.group(1))
        self.assertEqual(again.returncode, 1)
        done = self.run_text(OK, "--until-failure", "3")
        self.assertEqual(done.returncode, 0)
        self.assertIn("3 runs in ", done.stderr)

    def test_for(self):
        begin = time.monotonic()
        done = self.run_text(ENDLESS, "--for", "100ms")
        self.assertEqual(done.returncode, 0)
        self.assertLess(time.monotonic() - begin, 10)
        self.assertIn("VERDICT  nothing found  (stopped before the end)", done.stdout)

    def test_ctrl_c_ends_it_cleanly(self):
        with tempfile.NamedTemporaryFile("w", suffix=".thrum", delete=False) as file:
            file.write(ENDLESS)
        self.addCleanup(os.unlink, file.name)
        run = subprocess.Popen([THRUM, "run", file.name], stdout=subprocess.PIPE, text=True)
        time.sleep(0.5)
        run.send_signal(signal.SIGINT)
        out, _ = run.communicate(timeout=30)
        self.assertEqual(run.returncode, 0)
        self.assertIn("(stopped before the end)", out)

    def test_plain_ascii_where_it_is_asked_for(self):
        self.assertFalse(self.run_text(SELF).stdout.isascii())
        done = self.run_text(SELF, "--ascii")
        self.assertTrue(done.stdout.isascii(), done.stdout)
        self.assertIn("DEADLOCK", done.stdout)
        for command in (["explore"], ["step", "--headless"]):
            with tempfile.NamedTemporaryFile("w", suffix=".thrum") as file:
                file.write(SELF)
                file.flush()
                done = subprocess.run([THRUM, *command, file.name, "--ascii"], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertTrue(done.stdout.isascii(), done.stdout)
            self.assertIn("a", done.stdout)

    def test_bad_input(self):
        done = self.run_text(BROKEN)
        self.assertEqual(done.returncode, 2)
        self.assertIn("countr", done.stderr)
        self.assertEqual(done.stdout, "")
        for arguments in [["run"], ["run", "/nonexistent"], ["run", "a", "b"], ["rum", "x"], ["run", "--pase", "1s", "x"],
                          ["run", "--pace", "x", "y"], ["--nonsense"], []]:
            done = subprocess.run([THRUM, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                                  timeout=60)
            self.assertEqual(done.returncode, 2, arguments)
            self.assertTrue(done.stderr.startswith("thrum: "), arguments)
            self.assertEqual(done.stdout, "")

    def test_help(self):
        for arguments in [["--help"], ["run", "--help"], ["help"]]:
            done = subprocess.run([THRUM, *arguments], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0)
            self.assertIn("usage: thrum", done.stdout)
        done = subprocess.run([THRUM, "--version"], capture_output=True, text=True, timeout=60)
        self.assertRegex(done.stdout, r"^thrum \d+\.\d+\.\d+\n$")


unittest.main(verbosity=0)
