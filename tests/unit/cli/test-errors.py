"""Bad input and lost output of every command: what is said, and the exit status. Usage: test-errors.py THRUM"""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

THRUM = sys.argv.pop()

RING = '"Ring"\na = Lock()\nb = Lock()\nthread A:\n    with a, b:\n        pass\nthread B:\n    with b, a:\n        pass\n'
FINE = '"Fine"\nx = 0\nthread A:\n    x = 1\nafter:\n    x += 10\n    assert x == 11\n'
LOSES = '"Loses"\nx = Atomic(0)\nthread A, B:\n    y = x\n    x = y + 1\nafter:\n    x.add(10)\n    assert x == 12, "lost"\n'
COMMANDS = {"run": ["--headless"], "step": ["--headless"], "replay": ["--headless"], "explore": ["--headless"], "check": []}


class Errors(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)
        self.ring = self.file("ring.thrum", RING)

    def file(self, name, text):
        path = os.path.join(self.place.name, name)
        with open(path, "wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
        return path

    def thrum(self, *words, **more):
        more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "timeout": 60} | more
        return subprocess.run([THRUM, *words], stdin=subprocess.DEVNULL, **more)

    def refused(self, words, says):
        done = self.thrum(*words)
        self.assertEqual(done.returncode, 2, f"{words}: {done.stdout}{done.stderr}")
        self.assertEqual(done.stdout, "", words)
        self.assertIn(says, done.stderr, words)
        return done

    def each(self, file):
        """Every command with that file."""
        for command, options in COMMANDS.items():
            yield [command, *options, file] + (["A"] if command == "replay" else [])

    def test_files(self):
        folder = os.path.join(self.place.name, "folder.thrum")
        os.mkdir(folder)
        cases = [(os.path.join(self.place.name, "none.thrum"), "No such file or directory"),
                 (folder, "folder.thrum is a folder"),
                 (self.file("empty.thrum", ""), "empty.thrum:1:1: error: nothing runs here"),
                 (self.file("bytes.thrum", b'"a \xff"'), "byte 0xff is not UTF-8"),
                 ("", "an empty name is no file")]
        locked = self.file("locked.thrum", RING)
        os.chmod(locked, 0)
        if not os.access(locked, os.R_OK):  # root reads all
            cases.append((locked, "Permission denied"))
        for file, says in cases:
            for words in self.each(file):
                self.refused(words, says)

    def test_near_names(self):
        self.refused(["run", "dining-philosofers"], "did you mean `dining-philosophers`?")
        self.refused(["run", "bounded-buffer"], "there are 2 scenarios of the name bounded-buffer: "
                     "did you mean `conditions/bounded-buffer` or `semaphores/bounded-buffer`?")
        self.assertEqual(self.thrum("check", "conditions/bounded-buffer").returncode, 0)
        self.refused(["exlore", self.ring], "there is no command `exlore`: did you mean `explore`?")
        self.refused(["lost-update"], "there is no command `lost-update`: did you mean `thrum run lost-update`?")
        self.refused([self.ring], f"did you mean `thrum run {self.ring}`?")

    def test_options(self):
        for words in self.each(self.ring):
            self.refused([words[0], "--bogus", *words[1:]], "there is no option --bogus here")
            self.refused([words[0], "-x", *words[1:]], "there is no option -x here")
        for command, option, says in [
            ("run", "--pace", "--pace wants TIME after it"), ("explore", "--jobs", "--jobs wants N after it"),
            ("step", "--schedule", "--schedule wants TEXT after it"),
        ]:
            self.refused([command, self.ring, option], says)
        for command, option, value, says in [
            ("run", "--pace", "soon", "wants a time such as 50ms"), ("run", "--for", "-1", "wants a time above 0"),
            ("run", "--for", "0", "wants a time above 0"), ("run", "--cpus", "0", "wants a whole number from 1"),
            ("run", "--seed", "x", "wants a whole number, not `x`"), ("run", "--memory", "0", "wants a size"),
            ("run", "--until-failure", "0", "wants a whole number from 1"), ("run", "--theme", "mauve", "there is no theme `mauve`"),
            ("explore", "--jobs", "0", "wants a whole number from 1"), ("explore", "--jobs", "-1", "wants a whole number from 1"),
            ("explore", "--states", "0", "wants a whole number from 1"), ("explore", "--runs", "0", "wants a whole number from 1"),
            ("explore", "--time", "soon", "--time takes any or ordered, not soon"), ("explore", "--theme", "mauve", "no theme `mauve`"),
            ("check", "--jobs", "many", "wants a whole number from 1"), ("step", "--policy", "mine", "there is no policy `mine`"),
        ]:
            self.refused([command, option, value, self.ring], says)
        self.refused(["explore", "--json=yes", self.ring], "--json takes no value")
        self.refused(["check", "--list", "--json", self.ring], "does not go with --json")

    def test_numbers_of_files(self):
        self.refused(["run"], "run wants FILE")
        self.refused(["replay", self.ring], "replay wants FILE SCHEDULE")
        self.refused(["explore", self.ring, "more"], "`more` is too much")

    def test_schedules(self):
        self.refused(["replay", self.ring, "A*", "--headless"], "schedule, column 3: here a number was expected")
        self.refused(["replay", self.ring, "C", "--headless"], "there is no thread C; did you mean A?")
        self.refused(["replay", self.ring, "A B A", "--headless"], "A waits for b")
        other = self.thrum("replay", self.ring, "#12345678 A", "--headless")  # done all the same, and said
        self.assertEqual(other.returncode, 0)
        self.assertRegex(other.stderr, r"made for another version of .*ring\.thrum \(#12345678, this one is #")

    @unittest.skipUnless(os.path.exists("/dev/full"), "there is no /dev/full")
    def test_full_disk(self):
        for words in [*self.each(self.ring), ["explore", "--json", self.ring], ["check", "--json", self.ring],
                      ["run", "--json", self.ring], ["check", "--list", self.ring], ["--help"], ["run", "--help"], ["--version"]]:
            with open("/dev/full", "w") as full:
                done = self.thrum(*words, stdout=full)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn("thrum: the result could not be written", done.stderr, words)

    def test_closed_streams(self):
        """Nothing is printed into a file of thrum's own that got the number of a closed stream."""
        for words in [*self.each(self.ring), ["--help"]]:
            done = subprocess.run(["/bin/sh", "-c", '"$@" >&-', "sh", THRUM, *words], stdin=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True, timeout=60)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn("thrum: the result could not be written", done.stderr, words)
        whole = ["explore", "--headless", "--jobs", "1", self.ring]
        closed = subprocess.run(["/bin/sh", "-c", '"$@" <&- 2>&-', "sh", THRUM, *whole], stdout=subprocess.PIPE, text=True, timeout=60)
        self.assertIn("deadlock", closed.stdout)
        self.assertEqual(closed.returncode, 1)

    def test_closed_pipe(self):
        """`thrum explore … | head -1` ends quietly, as every filter does."""
        for words in [["explore", "--headless", "starting-gun"], ["check", "--list", "starting-gun"], ["run", "--headless", "phases"]]:
            reading, writing = os.pipe()
            os.close(reading)  # before the program begins: afterwards it may have printed all already
            done = subprocess.run([THRUM, *words], stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60)
            os.close(writing)
            self.assertNotEqual(done.returncode, 0, words)
            self.assertEqual(done.stderr, "", words)

    def test_one_bad_file_does_not_hide_the_others(self):
        fine = self.file("fine.thrum", FINE)
        done = self.thrum("check", fine, "no-such-file", self.ring)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stdout, r"(?m)^ok   .*fine\.thrum.*\nFAIL .*ring\.thrum.*found deadlock")
        self.assertIn("thrum: no-such-file: No such file", done.stderr)

    def test_check_json(self):
        fine = self.file("fine.thrum", FINE)
        done = self.thrum("check", "--json", fine, "no-such-file", self.ring)
        self.assertEqual(done.returncode, 2)
        value = json.loads(done.stdout)
        self.assertFalse(value["as_expected"])
        good, missing, bad = value["files"]
        self.assertTrue(good["as_expected"] and good["complete"] and good["found"] == [])
        self.assertIn("No such file", missing["error"])
        self.assertEqual(bad["found"], [{"verdict": "deadlock", "detail": ""}])
        self.assertIn("found deadlock", bad["differs"])
        self.assertEqual(self.thrum("check", "--json", fine).returncode, 0)

    def test_runs_are_compared_before_after(self):
        """What `after:` itself writes is no other way to end."""
        for text in (FINE, LOSES):
            done = self.thrum("explore", "--json", "--runs", "30", self.file("compared.thrum", text))
            value = json.loads(done.stdout)
            self.assertEqual(value["live_runs"], {"runs": 30, "others": 0})
            self.assertEqual(sum(outcome["live_runs"] for outcome in value["outcomes"]), 30)

    def test_sometimes(self):
        text = '"S"\nx = 0\nthread A:\n    x = 1\n    x = 2\nsometimes x == 1, "one"\nsometimes x == 3, "three"\nsometimes x == 0\n'
        done = self.thrum("run", "--headless", self.file("s.thrum", text))
        self.assertEqual(done.returncode, 0, done.stderr)  # not to reach it is no failure of one run
        self.assertIn('\nSOMETIMES\n"one" (line 6)  reached\n"three" (line 7)  not reached in this run\n', done.stdout)
        self.assertTrue(re.search(r'"x == 0" \(line 8\)  reached\n', done.stdout))
        told = json.loads(self.thrum("run", "--json", os.path.join(self.place.name, "s.thrum")).stdout)["sometimes"]
        self.assertEqual([one["reached"] for one in told], [True, False, True])


if __name__ == "__main__":
    unittest.main()
