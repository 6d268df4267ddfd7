"""What a path means for the caller, as the handle that it becomes."""

import subprocess
import sys

from tests.conftest import program_beside

FORKED = program_beside(__file__, "forked.py")


def test_the_callers_proc_is_its_own_after_our_process_was_forked() -> None:
    """And not ours: which process we are is known when it is used, not when it was imported."""
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        "/proc/PID/comm",
        "/proc/PID/task/PID/comm",
        "/proc/PID/fd",
        "/proc/PID/comm",
    ], done.stderr
