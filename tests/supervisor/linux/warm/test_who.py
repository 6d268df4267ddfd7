"""Who may have a run by `nono warm`: the same user, with all that it was started with itself."""

import pytest

from tests.conftest import BY_A_USER
from tests.supervisor.linux.warm.conftest import Warm

pytestmark = [pytest.mark.requires(landlock=2), BY_A_USER]

PYTHON = "the python of the account"
BINDS = """
import ctypes, os, sys
nodes = ctypes.c_ulong(1)
number = {"x86_64": 238, "aarch64": 237}[os.uname().machine]
assert ctypes.CDLL(None).syscall(number, 2, ctypes.byref(nodes), 64) == 0
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""With set_mempolicy(2)."""
DIFFERENT = {
    "another priority": ["nice", "-n", "3"],
    "another processors": ["taskset", "-c", "0"],
    "another personality": ["setarch", "--addr-no-randomize"],
    "another I/O priority": ["ionice", "-c", "2", "-n", "7"],
    "another no_new_privs, or another filter": ["setpriv", "--no-new-privs"],
    "another oom_score_adj": ["choom", "-n", "500", "--"],
    "a limit of memory": ["prlimit", "--as=8000000000"],
    "another value of PYTHONHASHSEED, which Python has read": ["env", "PYTHONHASHSEED=1"],
    "another memory policy": [PYTHON, "-c", BINDS],
    "another scheduling": ["chrt", "--batch", "0"],
}
"""What a caller that is run by these words is told."""


@pytest.mark.long
def test_a_caller_that_differs_has_an_ordinary_start_and_is_told_why(warm: Warm) -> None:
    told = {}
    for name, words in DIFFERENT.items():
        python = warm.account.python
        by = [python if word == PYTHON else word for word in words]
        warm.command, before = (*by, *warm.command), warm.command
        done = warm("run", "-v", "--", "true", warm="1")
        warm.command = before
        assert done.returncode == 0, (name, done)
        told[name] = done.stderr.splitlines()[0].removeprefix("nono: an ordinary start: ")
    assert told == {name: name for name in DIFFERENT}
