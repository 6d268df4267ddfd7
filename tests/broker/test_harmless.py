"""Harmless probes: data with reasons, and never what a thief would look for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nono.broker import Access, Execute, Open, Operation, PathChange
from nono.broker.groups import groups
from nono.broker.harmless import each_time, harmless, probes
from nono.broker.requests import RecordedProcess

HOME = "/home/u"
READ, WRITE = Access.READ, Access.WRITE


def by(exe: str) -> RecordedProcess:
    return RecordedProcess(1, exe)


def test_each_has_a_reason_and_a_place() -> None:
    assert len({each.path for each in probes()}) == len(probes()) > 40
    for each in probes():
        assert each.reason and each.path.startswith(("/", "~/")), each


def test_what_is_read_each_time_is_refused_and_its_group_says_what_it_is() -> None:
    kept = [each.reasons for name, each in groups().items() if name.startswith("deny_")]
    for place in each_time():
        assert any(reasons.get(place) for reasons in kept), place


@pytest.mark.parametrize(
    ("exe", "path", "access", "expected"),
    [
        ("/usr/bin/python3.11", "/etc/machine-id", READ, True),
        ("/usr/bin/python3.11", "/etc/machine-id", WRITE, False),
        ("/usr/bin/bash", f"{HOME}/.bash_history", READ | WRITE, True),
        ("/usr/bin/cat", f"{HOME}/.bash_history", READ, False),
        ("/home/u/project/bash", f"{HOME}/.bash_history", READ, False),
        ("/usr/bin/bash", "/home/other/.bash_history", READ, False),
        ("/usr/bin/bash", f"{HOME}/.ssh/id_ed25519", READ, False),
        ("/usr/bin/cat", "/etc/shadow", READ, False),
        ("/usr/bin/java", "/tmp/hsperfdata_other/1", READ, True),
        ("", f"{HOME}/.netrc", READ, False),
    ],
)
def test_what_is_one(exe: str, path: str, access: Access, expected: bool) -> None:
    assert (harmless(Open(by(exe), path, access), HOME) is not None) is expected


def test_a_hard_link_that_git_does_without() -> None:
    link = PathChange(by("/usr/bin/git"), Operation.LINK_FROM, "/srv/r.git/objects/0a/c92f")
    assert harmless(link, HOME) is not None
    assert harmless(replace(link, process=by("/home/u/git")), HOME) is None
    assert harmless(replace(link, path=f"{HOME}/.ssh/id_ed25519"), HOME) is None
    for operation in (Operation.UNLINK, Operation.LINK_TO):
        assert harmless(replace(link, operation=operation), HOME) is None
    assert harmless(Open(by("/usr/bin/git"), link.path, READ), HOME) is None


def test_other_requests_are_none() -> None:
    assert harmless(Execute(by("/usr/bin/bash"), "/etc/machine-id"), HOME) is None
    made = PathChange(by("/usr/bin/bash"), Operation.UNLINK, "/etc/machine-id")
    assert harmless(made, HOME) is None
    odd = Open(by("/usr/bin/bash"), "/home/[a]/.bash_history", READ)
    assert harmless(odd, "/home/[a]") is None
