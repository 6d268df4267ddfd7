"""Receivers of unix datagrams outside, such as the machine's log: nothing arrives there.

What an attempt says is no sign of it: a socket whose end nono holds takes everything.
"""

import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.attacks.conftest import Attack, Outcome
from tests.attacks.scene import Scene


@contextlib.contextmanager
def receivers(path: Path, abstract: str) -> Iterator[Callable[[], int]]:
    """Sockets that anybody may send to; calling it counts what came, with `rest` for the rest."""
    with contextlib.ExitStack() as stack:
        both = [stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) for _ in "ab"]
        both[0].bind(str(path))
        both[1].bind(b"\0" + abstract.encode())
        path.chmod(0o777)
        for each in both:
            each.setblocking(False)

        def count() -> int:
            came = 0
            for each in both:
                with contextlib.suppress(BlockingIOError):
                    while True:
                        each.recv(1 << 16)
                        came += 1
            return came

        yield count


@pytest.mark.requires(landlock=6)
def test_nothing_outside_receives_a_datagram(
    outside: Scene, attack: Attack, tag: str, project: Path
) -> None:
    path = outside.plain.parent / "log"
    with receivers(path, tag) as came:
        outcome = attack(outside, "unix_datagrams", path, tag, 1)
        assert came() == 0
    assert len(outcome.attempts) > 300


def test_outside_they_do(outside: Scene, unconfined: Callable[..., Outcome], tag: str) -> None:
    """The same program, so that the attempts are known to be real ones."""
    path = outside.plain.parent / "log"
    with receivers(path, tag) as came:
        unconfined(outside, "unix_datagrams", path, tag, 0)
        assert came() >= 10
