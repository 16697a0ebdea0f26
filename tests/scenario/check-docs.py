#!/usr/bin/env python3
"""The scenarios in the documentation load.

Usage: check-docs.py THRUM FILE... Every ```python block of the files that declares a thread is a scenario; each must be
one that `thrum check` can read; one with an `expect` must also show just that.
"""
import pathlib
import re
import subprocess
import sys
import tempfile


def main():
    failed = 0
    seen = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[2:]:
            blocks = re.findall(r"^```python\n(.*?)^```", pathlib.Path(name).read_text(), re.S | re.M)
            for number, block in enumerate(blocks, 1):
                if not re.search(r"^thread ", block, re.M):
                    continue
                seen += 1
                path = pathlib.Path(folder) / f"{pathlib.Path(name).stem}-{number}.thrum"
                path.write_text(block)
                done = subprocess.run([sys.argv[1], "check", path], capture_output=True, text=True, timeout=60)
                wanted = {0} if re.search(r"^expect ", block, re.M) else {0, 1}
                if done.returncode not in wanted:
                    failed += 1
                    print(f"{name}, block {number}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    print(f"{seen} examples, {failed} fail")
    return 1 if failed or not seen else 0


sys.exit(main())
