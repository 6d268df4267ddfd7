"""Programs of another user's, without a fork of the process that the tests run in.

subprocess starts a program by vfork(2) unless it is to be another user's. Then it forks, and to
copy the tables of a process that holds ten thousand tests takes 20 to 30 milliseconds, as much as a
start of Python. setpriv(1) makes itself another user's, and is started like any other program.
"""

import shutil
from collections.abc import Mapping, Sequence

from tests.requirements import SYSTEM_PATH

_SETPRIV = shutil.which("setpriv", path=SYSTEM_PATH)
_LOADED = "LD_"
"""Variables of this beginning are for the program alone: setpriv would be led by them, too."""


def in_front(uid: int, gid: int, environment: Mapping[str, str]) -> Sequence[str]:
    """What begins a command that root starts for a user; empty where that has to be a fork."""
    if _SETPRIV is None or any(name.startswith(_LOADED) for name in environment):
        return ()
    return (_SETPRIV, f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--")
