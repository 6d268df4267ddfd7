"""The decision: a table of what it must say; its properties are beside."""

from __future__ import annotations

import errno
from collections.abc import Callable

import pytest

from nono.broker import (
    NO_RIGHT_ASKED,
    OWN_OBJECT,
    READ_WRITE,
    Access,
    Allow,
    Anything,
    Ask,
    Bind,
    Connect,
    Deny,
    Effect,
    Execute,
    File,
    Glob,
    Metadata,
    Open,
    Operation,
    Origin,
    OriginKind,
    Policy,
    PolicyError,
    Request,
    Rule,
    Subtree,
    UnixConnect,
    Verdict,
    Watch,
)
from tests.broker.requests import change
from tests.broker.worlds import CALLER, FLAG, allow, deny, rule

READ, WRITE, EXECUTE = Access.READ, Access.WRITE, Access.EXECUTE
RWX = READ_WRITE | EXECUTE


def shape(verdict: Verdict) -> str | int:
    """'allow', 'ask', or the errno of a refusal."""
    return verdict.errno if isinstance(verdict, Deny) else type(verdict).__name__.lower()


HOME = Policy(
    rules=(
        allow("/home/u", RWX),
        deny("/home/u/.ssh", protected=True),
        deny("/home/u/.config/op", protected=True),
        rule(Subtree("/home/u/bin"), WRITE, Effect.DENY),
        rule(Glob("**/.env"), effect=Effect.DENY),
        rule(Subtree("/home/u/mail"), effect=Effect.ASK),
        allow("/home/u/mail/drafts", RWX),
        allow("/tmp", Access.CREATE),
        rule(File("/srv/app.sock"), Access.CONNECT),
        allow("/out", WRITE),
    )
)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (Open(CALLER, "/home/u/x", READ_WRITE), "allow"),
        (Open(CALLER, "/etc/shadow", READ), errno.EACCES),
        (Open(CALLER, "/home/u2/x", READ), errno.EACCES),
        (Open(CALLER, "/home/u/.ssh/id", READ), errno.EPERM),
        (Open(CALLER, "/home/u/.sshx", READ), "allow"),
        (Open(CALLER, "/home/u/bin/tool", READ), "allow"),
        (Open(CALLER, "/home/u/bin/tool", READ_WRITE), errno.EPERM),
        (Open(CALLER, "/home/u/p/.env", READ), errno.EPERM),
        (Open(CALLER, "/home/u/p/.env/below", READ), errno.EPERM),
        (Open(CALLER, "/home/u/mail/inbox", READ), "ask"),
        (Open(CALLER, "/home/u/mail/drafts/1", READ), "allow"),
        (Open(CALLER, "/etc/shadow", Access(0)), "allow"),
        (Open(CALLER, "/home/u/.ssh/id", Access(0)), errno.EPERM),
        (Open(CALLER, "/home/u/../v", READ), errno.EACCES),
        (Open(CALLER, "relative", READ, own=True), errno.EACCES),
        (Open(CALLER, "/anywhere", READ_WRITE, own=True), "allow"),
        (Open(CALLER, "/home/u/.ssh/own", READ, own=True), errno.EPERM),
        (Execute(CALLER, "/home/u/tool"), "allow"),
        (Execute(CALLER, "/out/tool"), errno.EACCES),
        (Watch(CALLER, "/home/u"), "allow"),
        (Watch(CALLER, "/out"), errno.EACCES),
        (Metadata(CALLER, "chmod", "/out/x"), "allow"),
        (Metadata(CALLER, "chown", "/home/u/bin"), errno.EPERM),
        (Metadata(CALLER, "utime", "/etc/x"), errno.EACCES),
        (UnixConnect(CALLER, "/srv/app.sock"), "allow"),
        (UnixConnect(CALLER, "/home/u/agent.sock"), errno.EACCES),
        (UnixConnect(CALLER, "/tmp/mine.sock", own=True), "allow"),
        # Creating names: by the right to write, or directly in a directory open to all.
        (change(Operation.CREATE, "/home/u/new"), "allow"),
        (change(Operation.CREATE, "/tmp/new"), "allow"),
        (change(Operation.MKDIR, "/tmp/new"), "allow"),
        (change(Operation.BIND, "/tmp/s"), "allow"),
        (change(Operation.RENAME_TO, "/tmp/new"), "allow"),
        (change(Operation.CREATE, "/tmp/others/new"), errno.EACCES),
        (change(Operation.CREATE, "/tmp/mine/new", own=True), "allow"),
        (change(Operation.UNLINK, "/tmp/others"), errno.EACCES),
        (change(Operation.TRUNCATE, "/tmp/others"), errno.EACCES),
        (change(Operation.UNLINK, "/tmp/mine", own=True), "allow"),
        (change(Operation.MKNOD, "/etc/x"), errno.EACCES),
        # What leads to a protected path stays where it is.
        (change(Operation.RENAME_FROM, "/home/u/.config", target="/home/u/c"), errno.EPERM),
        (change(Operation.RENAME_TO, "/home/u/.config"), errno.EPERM),
        (change(Operation.RMDIR, "/home/u/.config"), errno.EPERM),
        (change(Operation.UNLINK, "/home/u/.config"), errno.EPERM),
        (change(Operation.SYMLINK, "/home/u/.config"), errno.EPERM),
        (change(Operation.LINK_TO, "/home/u/.config"), errno.EPERM),
        (change(Operation.RENAME_FROM, "/home/u/.config", own=True), errno.EPERM),
        (change(Operation.MKDIR, "/home/u/.config"), "allow"),
        (change(Operation.MKDIR, "/home/u/.config/op"), errno.EPERM),
        (change(Operation.RENAME_FROM, "/home/u/.config/x", target="/home/u/y"), "allow"),
        (change(Operation.RENAME_FROM, "/home/u/bin/t", target="/home/u/t"), errno.EPERM),
        (change(Operation.RENAME_FROM, "/home/u/mail", target="/home/u/m"), "ask"),
        # A link or a move never makes readable what was not.
        (change(Operation.LINK_FROM, "/home/u/x", target="/home/u/y"), "allow"),
        (change(Operation.LINK_FROM, "/out/x", target="/out/y"), errno.EACCES),
        (change(Operation.RENAME_FROM, "/out/x", target="/out/y"), "allow"),
        (change(Operation.RENAME_FROM, "/out/x", target="/home/u/y"), errno.EACCES),
        (change(Operation.RENAME_FROM, "/out/x"), errno.EACCES),
        (change(Operation.RENAME_FROM, "/tmp/d", own=True, target="/tmp/e"), "allow"),
        (change(Operation.RENAME_FROM, "/tmp/d", own=True, target="/home/u/d"), errno.EXDEV),
        (
            change(Operation.RENAME_FROM, "/tmp/f", True, "/home/u/f", directory=False),
            "allow",
        ),
        (Connect(CALLER, "127.0.0.1", 80), "allow"),
        (Connect(CALLER, "169.254.169.254", 80), errno.ECONNREFUSED),
        (Bind(CALLER, "0.0.0.0", 80), "allow"),
        (Bind(CALLER, "169.254.1.1", 80), errno.EACCES),
    ],
)
def test_table(request_: Request, expected: str | int) -> None:
    assert shape(HOME.decide(request_)) == expected


def test_a_directory_does_not_move_to_where_the_kernels_rules_would_give_more() -> None:
    policy = Policy((allow("/w", READ_WRITE), allow("/out", WRITE), rule(File("/w/d/x"), EXECUTE)))
    for source, target, expected in (
        ("/w/a", "/w/b", "allow"),
        ("/w/a", "/out/a", errno.EXDEV),
        ("/w/d", "/w/e", errno.EXDEV),
        ("/w/a", None, errno.EXDEV),
    ):
        for own in (False, True):
            move = change(Operation.RENAME_FROM, source, own, target)
            assert shape(policy.decide(move)) == expected
    plain = change(Operation.RENAME_FROM, "/w/a", target="/out/a", directory=False)
    assert shape(policy.decide(plain)) == "allow"
    within = policy.with_rules([rule(Subtree("/w/n"), READ, Effect.DENY)])
    hidden = change(Operation.RENAME_FROM, "/w/a", target="/w/n/a")
    assert shape(within.decide(hidden)) == errno.EXDEV


def test_no_socket_gets_the_name_of_one_that_may_be_connected_to() -> None:
    policy = Policy((allow("/w", RWX), rule(File("/w/app.sock"), Access.CONNECT)))
    move = change(Operation.RENAME_FROM, "/w/other.sock", target="/w/app.sock", directory=False)
    assert shape(policy.decide(move)) == errno.EACCES


def test_a_directory_granted_alone_does_not_move_with_what_is_below() -> None:
    policy = Policy((rule(File("/a/d"), READ_WRITE), allow("/w", READ_WRITE)))
    move = change(Operation.RENAME_FROM, "/a/d", target="/w/d")
    assert shape(policy.decide(move)) == errno.EACCES
    plain = change(Operation.RENAME_FROM, "/a/d", target="/w/d", directory=False)
    assert shape(policy.decide(plain)) == "allow"


def test_a_bypass_lifts_a_protection_and_grants_nothing() -> None:
    protections = (deny("/h/.ssh", protected=True), deny("/h/.aws"))
    lifted = Policy(protections, bypasses=("/h/.ssh", "/h/.aws"))
    assert shape(lifted.decide(Open(CALLER, "/h/.ssh/id", READ))) == errno.EACCES
    granted = lifted.with_rules([allow("/h", READ_WRITE)])
    assert shape(granted.decide(Open(CALLER, "/h/.ssh/id", READ))) == "allow"
    assert shape(granted.decide(Open(CALLER, "/h/.aws/key", READ))) == errno.EPERM
    move = change(Operation.RENAME_FROM, "/h/.ssh", target="/h/x")
    assert shape(granted.decide(move)) == "allow"
    deeper = Policy((*protections, allow("/h", READ)), bypasses=("/h/.ssh/known_hosts",))
    assert shape(deeper.decide(Open(CALLER, "/h/.ssh/known_hosts", READ))) == "allow"
    assert shape(deeper.decide(Open(CALLER, "/h/.ssh/id", READ))) == errno.EPERM


def test_grants_add_up_and_the_most_specific_is_named() -> None:
    read, write = allow("/a", READ), allow("/a/b", WRITE)
    same = rule(File("/a/b/c"), READ)
    policy = Policy((read, write, same))
    assert policy.decide(Open(CALLER, "/a/b/x", READ_WRITE)) == Allow(write)
    assert policy.decide(Open(CALLER, "/a/b/x", READ)) == Allow(read)
    assert policy.decide(Open(CALLER, "/a/b/c", READ)) == Allow(same)
    first, second = (
        allow("/a", READ),
        Rule(Subtree("/a"), READ, Effect.ALLOW, Origin(OriginKind.GROUP, "second")),
    )
    assert Policy((first, second)).decide(Open(CALLER, "/a", READ)).rule is first
    assert Policy((second, first)).decide(Open(CALLER, "/a", READ)).rule is second


def test_where_no_rule_applies_the_default_answers() -> None:
    request = Open(CALLER, "/x", READ)
    denied, asked = Policy().decide(request), Policy(default=Effect.ASK).decide(request)
    assert isinstance(denied, Deny) and isinstance(asked, Ask)
    for verdict in (denied, asked):
        assert verdict.rule.origin.kind is OriginKind.DEFAULT
        assert isinstance(verdict.rule.pattern, Anything)
    refused = Policy((deny("/x"),), default=Effect.ASK)
    assert shape(refused.decide(request)) == errno.EPERM


def test_built_in_answers_name_themselves() -> None:
    assert Policy().decide(Open(CALLER, "/x", READ, own=True)) == Allow(OWN_OBJECT)
    assert Policy().decide(Open(CALLER, "/x", Access(0))) == Allow(NO_RIGHT_ASKED)
    assert str(OWN_OBJECT.origin) == "built-in rule own object"
    assert str(Origin(OriginKind.PROFILE, "filesystem.read", "p.json")) == (
        "profile filesystem.read in p.json"
    )


def test_a_policy_is_checked_when_it_is_made() -> None:
    makers: tuple[Callable[[], Policy], ...] = (
        lambda: Policy(default=Effect.ALLOW),
        lambda: Policy(bypasses=("~/.ssh",)),
        lambda: Policy((Rule(Anything(), READ, Effect.ALLOW, FLAG),)),
    )
    for broken in makers:
        with pytest.raises(PolicyError) as caught:
            broken()
        assert caught.value.hint
