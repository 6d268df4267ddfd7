"""The process of a command ends at once, with all said and done that is to be."""

from __future__ import annotations

import subprocess
import sys

import pytest

BEGINNING = """
import atexit, sys, threading, time
atexit.register(print, "at the end")
class Left:
    def __del__(self): print("taken apart")
left = Left()
def later():
    threading.main_thread().join()
    print("waited for")
"""
ENDING = """
from nono.supervisor.cli.main import main
sys.argv = ["nono", "--version"]
main()
"""


@pytest.mark.parametrize(
    ("thread", "told"),
    [
        ("", ["at the end"]),
        ("threading.Thread(target=time.sleep, args=(60,), daemon=True).start()", ["at the end"]),
        (
            "threading.Thread(target=later).start()",
            ["waited for", "at the end", "taken apart"],
        ),
    ],
)
def test_what_is_left_is_said_and_waited_for(thread: str, told: list[str]) -> None:
    program = f"{BEGINNING}\n{thread}\n{ENDING}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [each for each in lines if not each.startswith("nono")] == told
    assert len(lines) == len(told) + 1
