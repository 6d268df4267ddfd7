"""What a Mac would get for a policy: the kernel's own names, and no profile that says too much."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from nono.broker import (
    Access,
    Effect,
    File,
    Glob,
    LocalPort,
    Mode,
    Network,
    Open,
    Operation,
    PathChange,
    Policy,
    PublicPort,
    Rule,
    Subtree,
)
from nono.broker import Allow as Allowed
from nono.broker.requests import NOBODY
from nono.broker.rules.patterns import Subtrees
from nono.shims.macos.sbpl import Allow, Profile, tree
from nono.supervisor.errors import BrokenError, UsageError
from nono.supervisor.macos import compiled as module
from nono.supervisor.macos.compiled import compiled
from nono.supervisor.macos.differences import TABLE, differences
from tests.broker.worlds import FLAG, allow, deny, rule


def _reads(policy: Policy, *paths: str) -> list[bool]:
    made = compiled(policy, "nono-1")
    return [made.allows(Open(NOBODY, path, Access.READ)) for path in paths]


def test_links_that_every_mac_has_are_followed() -> None:
    policy = Policy((allow("/tmp/work"), deny("/tmp/work/key"), allow("/var/lib"), allow("/tmpx")))
    asked = ("/tmp/work/a", "/private/tmp/work/a", "/tmp/work/key", "/private/tmp/work/key/b")
    assert _reads(policy, *asked) == [True, True, False, False]
    assert _reads(policy, "/var/lib/x", "/tmpx/a", "/private/tmpx/a") == [True, True, False]
    assert "/tmp/work" not in compiled(policy, "nono-1").profile.paths()


@pytest.mark.parametrize(
    "pattern",
    [
        File("/var/db/secret"),
        Subtree("/etc/secrets"),
        Glob("/tmp/**/x.pem"),
        Subtrees({"/tmp/a": "/tmp/a", "/var/b": "/var/b"}),
    ],
)
def test_refusals_follow_them_too(pattern: File | Subtree | Glob | Subtrees) -> None:
    policy = Policy(
        (allow("/tmp"), allow("/etc"), allow("/var"), rule(pattern, effect=Effect.DENY))
    )
    paths = ("/tmp/a/x.pem", "/etc/secrets/x", "/var/db/secret", "/var/b", "/tmp/free")
    made = compiled(policy, "nono-1").policy
    direct = [isinstance(policy.decide(Open(NOBODY, p, Access.READ)), Allowed) for p in paths]
    assert _reads(policy, *paths) == direct
    assert not all(direct) and direct[-1]
    assert made.rules != policy.rules


def test_what_has_nothing_to_do_with_a_grant_is_not_written_down() -> None:
    far = [deny(f"/h/{number}") for number in range(500)]
    near = [deny("/w/a"), rule(Glob("/w/*.pem"), effect=Effect.DENY)]
    paths = compiled(Policy((allow("/w"), *far, *near)), "nono-1").profile.paths()
    assert "/w/a" in paths
    assert not [path for path in paths if path.startswith("/h/")]


def test_a_profile_that_says_more_than_the_policy_is_never_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def careless(policy: Policy, tag: str, network: Iterable[Allow] = ()) -> Profile:
        return Profile(tag, (Allow(("file-read-data",), tree("/w")),))

    monkeypatch.setattr(module, "profile_of", careless)
    compiled(Policy((allow("/w"),)), "nono-1")
    for refused in (deny("/w/a"), rule(Glob("**/.env"), effect=Effect.DENY)):
        with pytest.raises(BrokenError, match="allows what the policy refuses"):
            compiled(Policy((allow("/w"), refused)), "nono-1")


def test_what_cannot_be_written_down_is_an_error() -> None:
    with pytest.raises(UsageError, match="cannot be enforced on macOS"):
        compiled(Policy((allow("/w/a\nb"),)), "nono-1")
    many = Rule(LocalPort(1000, 2000), Access.CONNECT, Effect.ALLOW, FLAG)
    network = Network(Mode.FILTERED, rules=(many,))
    with pytest.raises(UsageError, match="256 ports"):
        compiled(Policy((), network=network), "nono-1")


def test_ports() -> None:
    reached = Rule(LocalPort(5432), Access.CONNECT, Effect.ALLOW, FLAG)
    listened = Rule(LocalPort(8000, 8001), Access.CONNECT, Effect.ALLOW, FLAG)
    network = Network(Mode.FILTERED, rules=(reached,), listen=(listened,))
    text = compiled(Policy((), network=network), "nono-1", proxy_port=4711).profile.text()
    for port in (4711, 5432, 8000, 8001):
        assert f'(remote tcp "localhost:{port}")' in text
    assert '(local tcp "*:8000") (local tcp "*:8001")' in text
    assert "mDNSResponder" not in text and '"*:*"' not in text


def _plain(**network: object) -> Policy:
    return Policy((allow("/w"),), network=Network(**network))  # type: ignore[arg-type]


def test_what_is_different_is_said_where_it_matters() -> None:
    public = Rule(PublicPort(22), Access.CONNECT, Effect.ALLOW, FLAG)
    policies = {
        "questions about files": Policy((rule(Subtree("/w"), effect=Effect.ASK),)),
        "a port of every public host": _plain(mode=Mode.FILTERED, rules=(public,)),
        "hosts by name": _plain(mode=Mode.FILTERED),
        "servers of the program's own on 127.0.0.1": _plain(mode=Mode.FILTERED),
        "where machines get credentials (169.254.169.254)": _plain(),
        "directories that a pattern refuses something in": Policy(
            (allow("/w"), rule(Glob("/w/*/key"), effect=Effect.DENY))
        ),
        "what may be written and not read": Policy((allow("/w", Access.WRITE),)),
        "names on volumes of HFS+ and FAT": Policy((allow("/Volumes/stick"),)),
        "objects of the program's own in /tmp": Policy((allow("/tmp", Access.CREATE),)),
    }
    without = {each.what for each in differences(_plain(mode=Mode.BLOCKED))}
    for what, policy in policies.items():
        assert what in {each.what for each in differences(policy)}
        assert what not in without
    blocked = _plain(mode=Mode.BLOCKED)
    (of_limits,) = {each.what for each in differences(blocked, limited=True)} - without
    assert of_limits.startswith("limits of memory")
    assert without == {each.what for each in TABLE} - policies.keys() - {of_limits}


def test_grants_are_spelled_as_the_kernel_does_and_refusals_in_every_way() -> None:
    """A link, another case and another normal form of what is granted; names that are refused."""
    there = {"/Users/p/link": "/Users/p/Caf\u00e9", "/Users/p/cafe\u0301": "/Users/p/Caf\u00e9"}
    for given in there:
        policy = Policy((allow(given), deny("/Users/p/CAF\u00c9/Key")), folding=("/",))
        made = compiled(policy, "nono-1", spell=lambda path: there.get(path, path))
        for path, expected in (
            ("/Users/p/Caf\u00e9/a", True),
            ("/Users/p/Caf\u00e9/key/x", False),
            ("/Users/p/Caf\u00e9/KEY", False),
            (f"{given}/a", False),
        ):
            assert made.allows(Open(NOBODY, path, Access.READ)) is expected, (given, path)


@pytest.mark.parametrize("folding", [(), ("/",)])
def test_a_question_is_one_in_every_spelling_where_names_fold(folding: tuple[str, ...]) -> None:
    """Whatever policies came before: what is written once is so for one of them."""
    rules = (allow("/"), rule(Subtree("/w"), effect=Effect.ASK))
    made = compiled(Policy(rules, folding=folding), "nono-1")
    for path, expected in (("/w/a", False), ("/W/a", not folding), ("/x", True)):
        assert made.allows(Open(NOBODY, path, Access.WRITE)) is expected


def test_nothing_above_a_refusal_is_moved_in_any_spelling() -> None:
    policy = Policy((allow("/w"), deny("/w/Stra\u00dfe/b/key")), folding=("/",))
    made = compiled(policy, "nono-1")
    for path in ("/w/strasse", "/w/STRA\u1e9eE/B", "/w/stra\u00dfe/b/KEY", "/w"):
        for operation in (Operation.CREATE, Operation.UNLINK, Operation.RENAME_FROM):
            assert not made.allows(PathChange(NOBODY, operation, path)), path
    assert made.allows(PathChange(NOBODY, Operation.UNLINK, "/w/strasse/c"))


def test_changes() -> None:
    made = compiled(Policy((allow("/w"), deny("/w/a/b"))), "nono-1")
    for path, expected in (("/w/x", True), ("/w/a", False), ("/w/a/b", False), ("/w/a/x", True)):
        for operation in (Operation.CREATE, Operation.UNLINK):
            assert made.allows(PathChange(NOBODY, operation, path)) is expected
