"""A terminal that takes nothing: keys and signals end a program that prints on all the same."""

import fcntl
import os
import struct
import termios
import time
from pathlib import Path

import pytest

from tests.conftest import TIMEOUT, Account
from tests.login import Login

pytestmark = [
    pytest.mark.requires(landlock=6),
    pytest.mark.parametrize("as_user", ["user"], indirect=True),
]
_STANDS = 0.5
_TIME = 1.0


def _wait_until_full(one: Login) -> None:
    """It prints, and what waits to be read grows no more."""
    before, since = 0, time.monotonic()
    while not before or time.monotonic() < since + _STANDS:
        waiting = struct.unpack("i", fcntl.ioctl(one.controller, termios.FIONREAD, bytes(4)))[0]
        if waiting != before:
            before, since = waiting, time.monotonic()
        assert time.monotonic() < since + TIMEOUT
        time.sleep(0.02)


@pytest.mark.lots(kind="ending")
@pytest.mark.parametrize(
    ("options", "key", "status"),
    [
        (["--ask=tty"], b"\x03", -2),
        (["--ask=tty"], b"\x1c", -3),
        (["--ask=tty", f"--timeout={_TIME}"], b"\x03", 124),
        ([f"--timeout={_TIME}"], b"", 124),
        ([], b"\x03", -2),
    ],
)
def test_a_program_that_prints_on_is_ended(
    as_user: Account, project: Path, options: list[str], key: bytes, status: int
) -> None:
    nono = [as_user.python, "-P", "-m", "nono.supervisor", "run", *options, "--", "yes"]
    one = Login(as_user, *nono, cwd=project, env={"TERM": "xterm"})
    try:
        _wait_until_full(one)
        if status == 124:
            time.sleep(2 * _TIME)
        if key:
            os.write(one.controller, key)
        else:
            one.process.terminate()
        assert one.process.wait(TIMEOUT) == status
    finally:
        one.close()
