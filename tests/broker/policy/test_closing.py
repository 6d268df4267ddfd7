"""A directory stays open to its owner while something at or below it is refused or asked about."""

import errno

import pytest

from nono.broker import (
    ALL_ACCESS,
    Access,
    Allow,
    Ask,
    Deny,
    Effect,
    File,
    Glob,
    Metadata,
    Origin,
    OriginKind,
    Policy,
    Rule,
    Subtree,
)
from nono.broker.asking.subject import DETAILS, objects_of
from nono.broker.explaining.explain import explain
from nono.broker.requests import CLOSING, NOBODY

FLAG = Origin(OriginKind.FLAG, "--deny")
GROUP = Origin(OriginKind.GROUP, "protect_start_files")
POLICY = Policy(
    (
        Rule(Subtree("/work"), ALL_ACCESS, Effect.ALLOW, FLAG),
        Rule(File("/work/a/b/secret", "a/b/secret"), Access.READ, Effect.DENY, FLAG),
        Rule(Subtree("/work/repo/.git/hooks"), Access.WRITE, Effect.DENY, GROUP, protected=True),
        Rule(Glob("/work/keys/*.pem"), ALL_ACCESS, Effect.DENY, FLAG),
        Rule(Subtree("/work/asked/about"), Access.READ, Effect.ASK, FLAG),
    ),
    bypasses=("/work/lifted",),
)


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("path", ["/work", "/work/a", "/work/a/b", "/work/repo/.git", "/work/keys"])
def test_what_holds_something_refused_is_not_closed(path: str, own: bool) -> None:
    verdict = POLICY.decide(Metadata(NOBODY, CLOSING, path, own))
    assert isinstance(verdict, Deny) and verdict.errno == errno.EPERM


@pytest.mark.parametrize("path", ["/work/other", "/work/a/c", "/work/repo/.git/objects"])
def test_what_holds_nothing_refused_may_be(path: str) -> None:
    assert isinstance(POLICY.decide(Metadata(NOBODY, CLOSING, path)), Allow)


def test_what_holds_something_asked_about_is_asked_about() -> None:
    assert isinstance(POLICY.decide(Metadata(NOBODY, CLOSING, "/work/asked")), Ask)


def test_what_a_bypass_lifts_closes_nothing() -> None:
    hook = Rule(Subtree("/work/lifted/hooks"), ALL_ACCESS, Effect.DENY, GROUP, protected=True)
    policy = POLICY.with_rules([hook])
    assert isinstance(policy.decide(Metadata(NOBODY, CLOSING, "/work/lifted")), Allow)


def test_another_mode_is_as_any_change() -> None:
    assert isinstance(POLICY.decide(Metadata(NOBODY, "chmod", "/work/a/b")), Allow)


def test_it_is_said_why() -> None:
    request = Metadata(NOBODY, CLOSING, "/work/a")
    told = explain(POLICY, request, POLICY.decide(request))
    assert told.summary == "take r or x from the owner of /work/a"
    assert told.reason == (
        "it holds a/b/secret, which is denied by flag --deny,"
        " and would not be seen there at the next start"
    )
    assert told.fix == ()


def test_who_is_asked_sees_the_mode() -> None:
    request = Metadata(NOBODY, CLOSING, "/work/asked", detail="0444")
    about, (wants, what) = objects_of([request])
    assert about == ("take r or x from the owner of", "/work/asked")
    assert what == "0444" and wants in DETAILS
