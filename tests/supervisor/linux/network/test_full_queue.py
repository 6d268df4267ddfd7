"""A server inside whose queue is full: whoever connects waits as outside, in every way to wait."""

from __future__ import annotations

import pytest

from tests.conftest import BY_A_USER, Nono, program_beside
from tests.supervisor.linux.network.conftest import PROGRAM, PYTHON

pytestmark = [pytest.mark.requires(landlock=2), BY_A_USER]

FULL_QUEUE = PROGRAM + program_beside(__file__, "full_queue.py")


def test_waiting_for_room(nono: Nono) -> None:
    """The same outside, where each of them waits for a second, or for three."""
    command = ("--", PYTHON, "-c", FULL_QUEUE, "{}")
    done = nono("run", "--allow-cwd", "--allow-domain=api.example", *command)
    assert done.stdout.splitlines() == [
        *["EALREADY ENOTCONN (4, 'ok', b'hello')", "ok EISCONN"] * 2,
        "(4, 'ok', b'hello') ['ok']",
        "EINPROGRESS EALREADY (4, 'ok', b'hello')",
        "EINTR (4, 'ok', b'hello')",
        "ECONNREFUSED",
    ]
    assert done.stderr == ""
