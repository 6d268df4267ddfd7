"""No file becomes set-id, whatever may be written, unless the protection is lifted there."""

import errno

import pytest

from nono.broker import (
    ALL_ACCESS,
    Allow,
    Deny,
    Effect,
    Metadata,
    Origin,
    OriginKind,
    Policy,
    Rule,
    Subtree,
    explain,
)
from nono.broker.requests import SET_ID


class Nobody:
    pid, exe, argv, cwd = 1, "", (), "/"


ME = Nobody()
WORK = Rule(Subtree("/work"), ALL_ACCESS, Effect.ALLOW, Origin(OriginKind.FLAG, "--allow"))
POLICY = Policy((WORK,), bypasses=("/work/build", "/other"))


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("path", ["/work/sh", "/work/buildings/sh", "/tmp/sh"])
def test_it_is_refused(path: str, own: bool) -> None:
    request = Metadata(ME, SET_ID, path, own)
    verdict = POLICY.decide(request)
    assert isinstance(verdict, Deny)
    assert verdict.errno == errno.EPERM
    told = explain(POLICY, request, verdict)
    assert told.summary == f"give a set-user-ID or set-group-ID bit to {path}"
    assert told.fix[:2] == ("--bypass-protection", path)


def test_lifted_it_takes_the_right_to_write() -> None:
    assert isinstance(POLICY.decide(Metadata(ME, SET_ID, "/work/build/sh")), Allow)
    refused = POLICY.decide(Metadata(ME, SET_ID, "/other/sh"))
    assert isinstance(refused, Deny)
    assert refused.errno == errno.EACCES


def test_other_changes_are_as_before() -> None:
    assert isinstance(POLICY.decide(Metadata(ME, "chmod", "/work/sh")), Allow)
