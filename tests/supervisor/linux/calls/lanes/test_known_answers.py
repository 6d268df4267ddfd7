"""What the lane in C is told of opens that were decided on before."""

import contextlib
import errno
import os
from typing import NamedTuple

import pytest

from nono.broker import (
    READ_WRITE,
    Access,
    Effect,
    File,
    Open,
    Rule,
    Subtree,
)
from nono.shims.linux.file_identity import identity
from nono.shims.linux.lane import AskedOpen
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.linux.calls.resolving.handles import Handle
from nono.supervisor.linux.injected_files import InjectedFiles
from tests.supervisor.linux.calls.played_lane import FLAG, INIT, Audited, Told, decided, make

REFUSED = AskedOpen(b"/else/file", Access.READ.value, b"")


class Caller(NamedTuple):
    """Of one program of the sandbox."""

    init_pid: int = INIT
    pid: int = 1
    exe: str = "/bin/x"
    argv: tuple[str, ...] = ()
    cwd: str = "/"


def refuse(decisions: Decisions, path: str, access: Access = Access.READ) -> None:
    with pytest.raises(PermissionError):
        decisions.require(Open(Caller(), path, access))


@pytest.mark.parametrize("witness", [None, Audited()])
def test_a_refusal_is_told_the_second_time(witness: Told | None) -> None:
    rule = Rule(File("/denied"), Access.READ, Effect.DENY, FLAG)
    decisions = decided(rule, witness=witness)
    lane, played, _ = make(decisions)
    denied = AskedOpen(b"/denied", Access.READ.value, b"")
    for asked in (REFUSED, denied):
        played.open = asked
        lane.receive()
        assert asked not in played.answers
        refuse(decisions, asked.path.decode())
        lane.receive()
    default, flag = (b"", b"") if witness is None else (b"default", b"--x")
    assert played.answers == {REFUSED: (errno.EACCES, default), denied: (errno.EPERM, flag)}
    decisions.extend([Rule(Subtree("/else"), Access.READ, Effect.ALLOW, FLAG)])
    played.open = None
    lane.receive()
    assert played.answers == {}, "another policy is asked anew"


def test_what_the_lane_refuses_is_counted_with_the_others() -> None:
    decisions = decided()
    lane, played, _ = make(decisions)
    played.open = REFUSED
    lane.receive()
    refuse(decisions, "/else/file")
    played.given = 3  # of another answer, before
    lane.receive()
    refuse(decisions, "/else/file")
    played.given = 10
    assert [each.count for each in decisions.denials.all()] == [9]
    assert [each.count for each in decisions.denials.of(INIT)] == [9]
    played.given = 20
    lane.close()
    played.given = 30
    assert [each.count for each in decisions.denials.all()] == [19]


@pytest.mark.parametrize(
    ("asked", "rule"),
    [
        (REFUSED, Rule(Subtree("/else"), Access.READ, Effect.ASK, FLAG)),
        (REFUSED, Rule(Subtree("/else"), Access.READ, Effect.ALLOW, FLAG)),
        (AskedOpen(b"/work/file", Access.READ.value, b""), None),
        (AskedOpen(b"/copy", Access.WRITE.value, b""), None),
        (AskedOpen(b"/tmp/own", Access.READ.value, b"of another"), None),
        (AskedOpen(b"/etc/machine-id", Access.READ.value, b""), None),
    ],
    ids=["asked", "allowed", "covered", "copied", "others", "a probe"],
)
def test_what_is_never_told(asked: AskedOpen, rule: Rule | None) -> None:
    decisions = decided(*([] if rule is None else [rule]))
    decisions = Decisions(decisions.policy, decisions.floor, copies={"/copy"})
    lane, played, _ = make(decisions)
    played.open = asked
    for _ in range(4):
        lane.receive()
        with contextlib.suppress(PermissionError):
            decisions.require(Open(Caller(), asked.path.decode(), Access(asked.access)))
    assert played.answers == {}


def test_what_is_given_instead_is_held_for_the_lane() -> None:
    with contextlib.closing(InjectedFiles({"/etc/hosts": b"other"})) as injected:
        lane, played, _ = make(decided(), injected=injected)
        asked = AskedOpen(b"/etc/hosts", Access.READ.value, b"")
        written = AskedOpen(b"/etc/hosts", Access.WRITE.value, b"")
        for played.open in (asked, asked, written, written):
            lane.receive()
        assert played.answers == {asked: (0, b"")}
    assert os.pread(played.source, 9, 0) == b"other", "whatever the lane does after that"
    lane.close()
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(played.source)


def test_an_own_object_is_told_until_one_is_forgotten() -> None:
    lane, played, own = make(decided())
    lane.receive()
    path = f"/tmp/nono-test-{os.getpid()}"
    with open(path, "xb") as made:
        own.record_created(path, made.fileno())
        known = identity(made.fileno())
        assert known
        played.open = AskedOpen(path.encode(), READ_WRITE.value, known)
        lane.receive()
        lane.receive()
        assert [error for error, _ in played.answers.values()] == [0]
        os.unlink(path)
        with Handle(os.open(f"/proc/self/fd/{made.fileno()}", os.O_PATH)) as handle:
            own.forget(handle)
    lane.receive()
    lane.receive()
    assert played.answers == {}
