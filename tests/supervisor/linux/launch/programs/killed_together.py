"""Kills `nono run` and its init together: nobody of theirs is left to end the program's own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from nono.supervisor.linux.processes import children_of, descendants, name_of, state_of

SECONDS = 60
NONO = [sys.executable, "-P", "-m", "nono.supervisor", "run", "-q", "--allow-cwd", "--"]
LEFT = """
import os, sys, time
for number in range(6):
    if os.fork() == 0:
        os.setsid()
        if number % 2 and os.fork():
            os._exit(0)
        with open(f"new-{number}", "w") as file:
            file.write(str(os.getpid()))
        os.rename(f"new-{number}", f"left-{number}")
        while True:
            if os.fork() == 0:
                time.sleep(0.05)
                os._exit(0)
            os.wait()
time.sleep(1000)
"""


def until(condition):
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it goes on"
        time.sleep(0.01)


way = sys.argv[1]
nono = subprocess.Popen([*NONO, "/usr/bin/python3", "-S", "-c", LEFT], process_group=0)
until(lambda: len(list(Path().glob("left-*"))) == 6)
(init,) = children_of(nono.pid)
below = descendants(nono.pid)
assert len(below) >= 9, below
assert [name_of(pid) for pid in children_of(init)].count("sandbox-end") == 1
os.kill(nono.pid, signal.SIGSTOP)  # it would find out
if way == "one by one":
    os.kill(init, signal.SIGKILL)
    os.kill(nono.pid, signal.SIGKILL)
else:
    os.killpg(nono.pid, signal.SIGKILL)
nono.wait()
until(lambda: all(state_of(pid) in ("Z", "") for pid in below))
