"""Devices may be written into and not renamed, deleted, replaced or given another mode."""

import errno

import pytest

from nono.broker import (
    ALL_ACCESS,
    Access,
    Allow,
    Deny,
    Effect,
    File,
    Metadata,
    Open,
    Operation,
    Origin,
    OriginKind,
    PathChange,
    Policy,
    Rule,
    Subtree,
)


class Nobody:
    pid, exe, argv, cwd = 1, "", (), "/"


FLAG = Origin(OriginKind.FLAG, "--allow-file /dev/null")
POLICY = Policy(
    (
        Rule(File("/dev/null"), ALL_ACCESS, Effect.ALLOW, FLAG),
        Rule(Subtree("/dev/shm/mine"), ALL_ACCESS, Effect.ALLOW, FLAG),
    )
)
ME = Nobody()


def test_a_device_can_be_used() -> None:
    verdict = POLICY.decide(Open(ME, "/dev/null", Access.READ | Access.WRITE))
    assert isinstance(verdict, Allow)


@pytest.mark.parametrize("operation", list(Operation))
def test_its_name_cannot_be_changed(operation: Operation) -> None:
    verdict = POLICY.decide(PathChange(ME, operation, "/dev/null", target="/dev/null2"))
    assert isinstance(verdict, Deny)
    assert verdict.errno == errno.EPERM


@pytest.mark.parametrize("operation", ["chmod", "chown", "utime", "setxattr"])
def test_its_metadata_cannot_be_changed(operation: str) -> None:
    assert isinstance(POLICY.decide(Metadata(ME, operation, "/dev/null")), Deny)


def test_an_own_terminal_can_be_given_a_mode() -> None:
    assert isinstance(POLICY.decide(Metadata(ME, "chmod", "/dev/pts/7", own=True)), Allow)


def test_shared_memory_is_no_device() -> None:
    change = PathChange(ME, Operation.UNLINK, "/dev/shm/mine/file")
    assert isinstance(POLICY.decide(change), Allow)
