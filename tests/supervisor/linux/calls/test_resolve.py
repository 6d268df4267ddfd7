"""What a path means for the caller, as the handle that it becomes."""

import subprocess
import sys

FORKED = """
import os, signal, sys
from nono.shims.linux.openat2 import AT_FDCWD
from nono.supervisor.linux.calls.caller import Caller
from nono.supervisor.linux.calls.resolve import locate

if pid := os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
pid = os.fork()
if not pid:
    signal.pause()
try:
    for path in ("/proc/self/comm", "/proc/thread-self/comm", "/dev/fd", "/proc/%d/comm" % pid):
        with locate(Caller(pid, os.getpid()), AT_FDCWD, path.encode()) as found:
            print(found.path.replace(str(pid), "PID"))
finally:
    os.kill(pid, signal.SIGKILL)
"""


def test_the_callers_proc_is_its_own_after_our_process_was_forked() -> None:
    """And not ours: which process we are is known when it is used, not when it was imported."""
    done = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        "/proc/PID/comm",
        "/proc/PID/task/PID/comm",
        "/proc/PID/fd",
        "/proc/PID/comm",
    ], done.stderr
