"""Words for people: right, helpful, and safe to print."""

from __future__ import annotations

import errno

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nono.broker import (
    ALL_ACCESS,
    READ_WRITE,
    Access,
    Allow,
    Around,
    Connect,
    Deny,
    Effect,
    Execute,
    Explanation,
    Glob,
    Metadata,
    Open,
    Operation,
    Origin,
    OriginKind,
    PathChange,
    Policy,
    Request,
    Rule,
    Subtree,
    UnixConnect,
    Watch,
    explain,
    visible,
)
from tests.broker.explaining.words import is_safe
from tests.broker.requests import requests
from tests.broker.worlds import CALLER, allow, files, policies, rule

READ, WRITE, EXECUTE = Access.READ, Access.WRITE, Access.EXECUTE
CREDENTIALS = Origin(OriginKind.GROUP, "deny_credentials")
SSH = Rule(
    Subtree("/home/u/.ssh", spelled="~/.ssh"), ALL_ACCESS, Effect.DENY, CREDENTIALS, protected=True
)
HOOKS = Rule(
    Subtree("/repo/.envrc.local", spelled="repo/.envrc.local"),
    Access.WRITE | Access.CREATE,
    Effect.DENY,
    Origin(OriginKind.GROUP, "protect_start_files"),
    protected=True,
)
HANDS_OFF = Rule(Subtree("/w/x"), ALL_ACCESS, Effect.DENY, Origin(OriginKind.FLAG, "--deny"))
POLICY = Policy((SSH, HOOKS, HANDS_OFF, allow("/w", READ), allow("/out", WRITE)))


def said(request: Request, policy: Policy = POLICY, directory: bool = False) -> Explanation:
    around = Around(directory=directory, home="/home/u", workdir="/home/u/project")
    return explain(policy, request, policy.decide(request), around=around)


@pytest.mark.parametrize(
    ("request_", "summary", "reason", "fix"),
    [
        (
            Open(CALLER, "/etc/shadow", READ),
            "read /etc/shadow",
            "no rule allows it",
            ("--read-file", "/etc/shadow"),
        ),
        (
            Open(CALLER, "/etc/x", READ_WRITE),
            "read and write /etc/x",
            "no rule allows it",
            ("--allow-file", "/etc/x"),
        ),
        (
            Open(CALLER, "/w/f", READ_WRITE),
            "read and write /w/f",
            "flag --test (/w) allows only reading",
            ("--write-file", "/w/f"),
        ),
        (
            Open(CALLER, "/home/u/.ssh/id", READ),
            "read /home/u/.ssh/id",
            "denied by group deny_credentials (~/.ssh)",
            ("--bypass-protection", "/home/u/.ssh/id", "--read-file", "/home/u/.ssh/id"),
        ),
        (
            Open(CALLER, "/w/x/y", READ),
            "read /w/x/y",
            "denied by flag --deny (/w/x)",
            (),
        ),
        (
            PathChange(CALLER, Operation.RENAME_FROM, "/home/u"),
            "rename /home/u",
            "it holds ~/.ssh, which is denied by group deny_credentials",
            (),
        ),
        (
            PathChange(CALLER, Operation.RENAME_FROM, "/home/u", directory=False),
            "rename /home/u",
            "its name is on the way to ~/.ssh, which is denied by group deny_credentials",
            (),
        ),
        (
            PathChange(CALLER, Operation.RENAME_FROM, "/repo"),
            "rename /repo",
            "what leads to names that start programs later, as to git's hooks, stays where it is:"
            " denied by group protect_start_files",
            (),
        ),
        (
            PathChange(CALLER, Operation.MKDIR, "/etc/d"),
            "create the directory /etc/d",
            "no rule allows it; make it before the run, and open it",
            (),
        ),
        (
            PathChange(CALLER, Operation.RENAME_FROM, "/out/f", target="/w/f"),
            "rename /out/f",
            "flag --test (/out) allows only writing, and under its new name the object "
            "could be read",
            ("--read-file", "/out/f"),
        ),
        (
            Metadata(CALLER, "chmod", "/etc/x"),
            "chmod /etc/x",
            "no rule allows it",
            ("--write-file", "/etc/x"),
        ),
        (Watch(CALLER, "/etc/x"), "watch /etc/x", "no rule allows it", ("--read-file", "/etc/x")),
        (
            Execute(CALLER, "/opt/tool/bin/run"),
            "execute /opt/tool/bin/run",
            "no rule allows it; the right to execute cannot be given during a run",
            ("--read-file", "/opt/tool/bin/run"),
        ),
        (
            UnixConnect(CALLER, "/run/docker.sock"),
            "connect to the unix socket /run/docker.sock",
            "no rule allows it",
            ("--allow-unix-socket", "/run/docker.sock"),
        ),
        (
            UnixConnect(CALLER, "/home/u/.ssh/agent"),
            "connect to the unix socket /home/u/.ssh/agent",
            "denied by group deny_credentials (~/.ssh)",
            (
                "--bypass-protection",
                "/home/u/.ssh/agent",
                "--allow-unix-socket",
                "/home/u/.ssh/agent",
            ),
        ),
        (
            UnixConnect(CALLER, "/w/x/agent"),
            "connect to the unix socket /w/x/agent",
            "denied by flag --deny (/w/x)",
            (),
        ),
        (
            UnixConnect(CALLER, "@/tmp/.X11-unix/X0"),
            "connect to the unix socket @/tmp/.X11-unix/X0",
            "no rule allows it; an abstract socket of others cannot be opened",
            (),
        ),
        (
            Connect(CALLER, "169.254.169.254", 80),
            "connect to 169.254.169.254 port 80",
            "denied by built-in rule cloud metadata addresses (169.254.0.0/16)",
            (),
        ),
    ],
)
def test_denials(request_: Request, summary: str, reason: str, fix: tuple[str, ...]) -> None:
    explanation = said(request_)
    assert (explanation.summary, explanation.reason, explanation.fix) == (summary, reason, fix)
    assert explanation.layer == ("kernel floor" if isinstance(request_, Execute) else "broker")


MOMENTARY = """.#notes .notes.swp .swp .notes.swpx notes~ 4913 .~lock.a.odt# x.db-journal x.db-wal
tmpa8_b7c6d .#lk0x0000558a3c70b2d0.host.42"""


@pytest.mark.parametrize("name", MOMENTARY.split())
def test_what_is_made_for_a_moment_needs_its_directory(name: str) -> None:
    """It is removed, or renamed, which are rights on that; what is protected stays so."""
    made = said(PathChange(CALLER, Operation.CREATE, f"/srv/data/{name}"))
    assert made.fix == ("--write", "/srv/data")
    assert made.reason.endswith("it takes a right on all of /srv/data")
    kept = said(PathChange(CALLER, Operation.CREATE, f"/home/u/.ssh/{name}"))
    assert kept.fix == ()
    assert kept.reason.endswith("and no flag opens that alone")


@pytest.mark.parametrize(
    "name", ["Cargo.lock", "uv.lock", "notes", "swp", "4912", "note~s", "x.swan", "#notes"]
)
def test_what_only_looks_like_it_is_one_file(name: str) -> None:
    made = said(PathChange(CALLER, Operation.CREATE, f"/srv/data/{name}"))
    assert made.fix == ("--write-file", f"/srv/data/{name}")


def test_a_directory_gets_the_flag_for_directories() -> None:
    assert said(Open(CALLER, "/etc", READ), directory=True).fix == ("--list", "/etc")
    assert said(Watch(CALLER, "/etc"), directory=True).fix == ("--list", "/etc")
    assert said(Metadata(CALLER, "chmod", "/etc/x"), directory=True).fix == ("--write", "/etc/x")
    listing = Open(CALLER, "/home/u/.ssh", READ)
    assert said(listing, directory=True).fix[2:] == ("--list", "/home/u/.ssh")
    assert said(listing).fix[2:] == ("--read-file", "/home/u/.ssh")


def test_what_is_granted_already_is_not_asked_for_again() -> None:
    policy = POLICY.with_rules([allow("/home/u", READ_WRITE)])
    fix = said(Open(CALLER, "/home/u/.ssh/id", READ), policy).fix
    assert fix == ("--bypass-protection", "/home/u/.ssh/id")
    whole = said(Open(CALLER, "/home/u/.ssh", READ), policy, directory=True)
    assert whole.fix == (), "to lift it from the directory would open every key in it"


def test_a_protection_by_wildcards_is_bypassed_for_one_path() -> None:
    policy = Policy((rule(Glob("**/.env"), effect=Effect.DENY, protected=True),))
    fix = said(Open(CALLER, "/w/.env", READ), policy).fix
    assert fix == ("--bypass-protection", "/w/.env", "--read-file", "/w/.env")


def test_questions_and_permissions() -> None:
    policy = Policy((rule(Subtree("/m"), effect=Effect.ASK), allow("/w", READ)), default=Effect.ASK)
    assert said(Open(CALLER, "/m/x", READ), policy).reason == "flag --test (/m) asks first"
    assert said(Open(CALLER, "/x", READ), policy).reason.startswith("no rule covers it")
    assert said(Open(CALLER, "/w/x", READ), policy).reason == "allowed by flag --test (/w)"
    assert said(Open(CALLER, "/x", READ, own=True)).reason == "allowed by built-in rule own object"


RUN_ELSEWHERE = (
    "what is made is run in $TMPDIR, or in a directory that was there and holds nothing that is"
    " refused"
)


def test_the_layer_is_the_one_that_enforces() -> None:
    world = files("/w/x", "/w/tool", "/w/d/f", "/w/new/f")
    policy = Policy((HANDS_OFF, allow("/w", READ_WRITE | EXECUTE)))
    floor = policy.floor(world)

    def layer(request: Request) -> str:
        return explain(policy, request, policy.decide(request), floor=floor).layer

    assert layer(Open(CALLER, "/w/d/f", READ)) == "kernel floor"
    assert layer(Open(CALLER, "/w", READ)) == "broker"
    assert layer(PathChange(CALLER, Operation.CREATE, "/w/d/n")) == "kernel floor"
    assert layer(PathChange(CALLER, Operation.CREATE, "/w/n")) == "broker"
    assert layer(PathChange(CALLER, Operation.UNLINK, "/w/d")) == "broker"
    assert layer(PathChange(CALLER, Operation.LINK_FROM, "/w/d/f")) == "kernel floor"
    assert layer(Metadata(CALLER, "chmod", "/w/d/f")) == "broker"
    late = Execute(CALLER, "/w/late")
    explanation = explain(policy, late, policy.decide(late), floor=floor)
    assert "the kernel does not run it" in explanation.reason and explanation.fix == ()
    decided = policy.decide(late)
    assert isinstance(decided, Allow)
    refused = explain(policy, late, Deny(decided.rule, errno.EACCES), floor=floor)
    assert (refused.reason, refused.fix) == (explanation.reason, ())
    early = Execute(CALLER, "/w/d/f")
    assert "kernel" not in explain(policy, early, policy.decide(early), floor=floor).reason
    assert explanation.reason.endswith(RUN_ELSEWHERE)
    replaced = Execute(CALLER, "/w/tool")
    told = explain(policy, replaced, policy.decide(replaced), floor=floor).reason
    assert told.startswith("allowed by ") and told.endswith(f"makes it anew: {RUN_ELSEWHERE}")
    told = explain(policy, early, policy.decide(early), floor=floor).reason
    assert RUN_ELSEWHERE not in told


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain name.txt", "plain name.txt"),
        ("größe/日本", "größe/日本"),
        ("\x1b[2Jx", "\\x1b[2Jx"),
        ("a\nb\rc\td", "a\\x0ab\\x0dc\\x09d"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("a\u2066b\u2069", "a\\u2066b\\u2069"),
        ("a\u200bb\ufeff", "a\\u200bb\\ufeff"),
        ("\udcff\udc80", "\\xff\\x80"),
        ("\ud800", "\\ud800"),
        ("\x7f\x9b", "\\x7f\\x9b"),
        ("\U000e0041", "\\U000e0041"),
        ("\u2028", "\\u2028"),
        ("a\u2003b\u00a0", "a\\u2003b\\xa0"),
        ("", ""),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(), st.integers(1, 60))
def test_whatever_is_shown_is_safe_and_short(text: str, limit: int) -> None:
    shown = visible(text, limit)
    assert is_safe(shown) and len(shown) <= limit
    if text.isascii() and text.isprintable() and len(text) <= limit:
        assert shown == text


def test_long_text_keeps_both_ends() -> None:
    shown = visible("/start" + "x" * 100_000 + "/end")
    assert len(shown) == 200 and shown.startswith("/start") and shown.endswith("/end")
    assert "…" in shown


@pytest.mark.long
@settings(max_examples=400)
@given(policies(), requests, st.booleans())
def test_every_verdict_has_safe_words(policy: Policy, request_: Request, directory: bool) -> None:
    verdict = policy.decide(request_)
    explanation = explain(policy, request_, verdict, around=Around(directory=directory))
    assert is_safe(explanation.summary) and is_safe(explanation.reason)
    assert explanation.summary and explanation.reason
    assert all(is_safe(part) for part in explanation.fix) and len(explanation.fix) % 2 == 0
    assert not explanation.fix or not isinstance(verdict, Allow)


@pytest.mark.long
@settings(max_examples=400)
@given(policies(), st.sampled_from(("/w/a", "/w/a/b", "/h/k.pem")), st.integers(1, 3))
def test_the_flags_that_are_offered_help(policy: Policy, path: str, bits: int) -> None:
    """With what they say added to the policy, the same request is no longer denied."""
    access = Access(bits)
    request = Open(CALLER, path, access)
    flags = said(request, policy).fix
    verdict = policy.decide(request)
    if not flags or not isinstance(verdict, Deny) or verdict.rule.protected:
        return
    flag, value = flags
    rights = {"read": READ, "write": WRITE, "allow": READ_WRITE}
    granted = rights[flag.removeprefix("--").removesuffix("-file")]
    helped = policy.with_rules([allow(value, granted)])
    assert not isinstance(helped.decide(request), Deny)
