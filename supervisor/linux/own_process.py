"""A small process of nono's own, for what no thread of nono's can do: it is told by a socket."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from typing import Final

_SECONDS: Final = 10.0
"""How long an answer may take, and an end."""
_NEEDED: Final = frozenset({"LD_LIBRARY_PATH"})
"""Variables without which an interpreter may not start."""


class OwnProcess:
    """Runs the program in a file of ours, which gets the number of its end of `control`.

    It imports nothing that is not Python's own. Raises OSError. Close it at the end.
    """

    def __init__(self, program: str) -> None:
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.settimeout(_SECONDS)
        theirs.setblocking(True)  # whatever default timeout this process has
        try:
            with theirs:
                self.process = _start(program, theirs.fileno())
        except BaseException:
            self.control.close()
            raise

    def close(self) -> None:
        """It ends when its socket does, or is killed."""
        self.control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(_SECONDS)
        self.process.kill()
        self.process.wait()


def _start(program: str, control: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", program, str(control)],
        pass_fds=[control],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in _NEEDED & os.environ.keys()},
        cwd="/",
        start_new_session=True,
    )
