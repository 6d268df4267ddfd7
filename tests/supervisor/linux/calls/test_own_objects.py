"""What is the sandbox's own is shared by the loops of its programs and by trio's thread."""

import os

from nono.supervisor.linux.calls.caller import Caller
from nono.supervisor.linux.calls.handles import LINK_FLAGS, Handle
from nono.supervisor.linux.calls.own_objects import OwnObjects
from tests.supervisor.hammer import THREADS, hammer

ROUNDS = 50


def test_no_descriptor_of_a_terminal_is_lost_or_closed_twice() -> None:
    """A number that is closed once too often is another's by then."""
    own = OwnObjects()
    before = sorted(os.listdir("/proc/self/fd"))

    def record(number: int) -> None:
        for turn in range(ROUNDS):
            own.record_terminal(turn % 3, "/dev/null")

    hammer(record)
    assert len(os.listdir("/proc/self/fd")) == len(before) + 3
    own.close()
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_what_was_made_in_a_shared_place_is_own_until_it_is_deleted() -> None:
    own = OwnObjects()
    me = Caller(os.getpid(), 0)

    def make(number: int) -> None:
        for turn in range(ROUNDS):
            path = f"/tmp/nono-test-{os.getpid()}-{number}-{turn}"
            fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                own.record_created(path, fd)
                with Handle(os.open(path, LINK_FLAGS)) as handle:
                    assert own.is_own(me, handle)
                    own.forget(handle)
                    assert not own.is_own(me, handle)
            finally:
                os.unlink(path)
                os.close(fd)

    hammer(make)


def test_sockets_are_remembered_from_every_thread() -> None:
    own = OwnObjects()

    def bind(number: int) -> None:
        for turn in range(ROUNDS):
            own.record_socket(number * ROUNDS + turn)

    hammer(bind)
    assert all(own.is_own_socket(cookie) for cookie in range(THREADS * ROUNDS))
    assert not own.is_own_socket(THREADS * ROUNDS)
