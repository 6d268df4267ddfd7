"""What is the sandbox's own is shared by the loops of its programs and by trio's thread."""

import os
import tempfile

import pytest

from nono.supervisor.linux.calls.own import own_objects, pinned
from nono.supervisor.linux.calls.own.own_objects import OwnObjects
from nono.supervisor.linux.calls.resolving.caller import Caller
from nono.supervisor.linux.calls.resolving.handles import LINK_FLAGS, Handle
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


def test_what_no_handle_tells_apart_is_known_by_being_held(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As on a Windows drive in WSL: 9p has neither handles nor times of birth."""
    monkeypatch.setattr(own_objects, "identity", lambda fd: None)
    before = sorted(os.listdir("/proc/self/fd"))
    own, me = OwnObjects(), Caller(os.getpid(), 0)
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        made, other = f"{place}/made", f"{place}/other"
        for path, note in ((made, own.record_created), (other, None)):
            fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            if note is not None:
                note(path, fd)
            os.close(fd)
        os.rename(made, f"{place}/moved")
        with Handle(os.open(f"{place}/moved", LINK_FLAGS)) as handle:
            assert own.is_own(me, handle)
        with Handle(os.open(other, LINK_FLAGS)) as handle:
            assert not own.is_own(me, handle)
        os.rename(f"{place}/moved", made)
        own.remove_left_behind(lambda path: False)
        assert os.listdir(place) == ["other"]
        with Handle(os.open(other, LINK_FLAGS)) as handle:
            own.record_created(other, handle.fd)
            assert own.is_own(me, handle)
            own.forget(handle)
            assert not own.is_own(me, handle)
    own.close()
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_more_than_can_be_held_is_not_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_objects, "identity", lambda fd: None)
    monkeypatch.setattr(pinned, "_MAX_PINNED", 2)
    own, me = OwnObjects(), Caller(os.getpid(), 0)
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        found = []
        for name in "abcd":
            path = f"{place}/{name}"
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            with Handle(os.open(path, LINK_FLAGS)) as handle:
                own.record_created(path, handle.fd)
                found.append(own.is_own(me, handle))
        assert found == [True, True, False, False]
    own.close()


def test_sockets_are_remembered_from_every_thread() -> None:
    own = OwnObjects()

    def bind(number: int) -> None:
        for turn in range(ROUNDS):
            own.record_socket(number * ROUNDS + turn)

    hammer(bind)
    assert all(own.is_own_socket(cookie) for cookie in range(THREADS * ROUNDS))
    assert not own.is_own_socket(THREADS * ROUNDS)
