"""A profile says what the policy decides: for every operation, path and reading."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nono.broker import (
    Access,
    Allow,
    Effect,
    Execute,
    File,
    Glob,
    Metadata,
    Open,
    Operation,
    PathChange,
    Policy,
    Request,
    UnixConnect,
)
from nono.supervisor.macos.profile import profile_of, with_base
from tests.broker.worlds import CALLER, allow, deny, path_strategy, policies, rule
from tests.seatbelt.evaluator import READINGS, Asked, Rule, parse


def _compiled(policy: Policy) -> list[Rule]:
    profile = profile_of(policy, "nono-7f3a")
    return parse(profile.text(), profile.parameters())


def _answers(rules: list[Rule], operation: str, path: str, kind: str = "REGULAR-FILE") -> bool:
    """The answer, which must be the same under every reading."""
    is_socket = operation == "network-outbound"
    found = {
        reading(rules, Asked(operation, path, kind, is_socket, subpath_is_whole=whole))
        for reading in READINGS.values()
        for whole in (True, False)
    }
    assert len(found) == 1
    return found.pop()


def _decided(policy: Policy, *requests: Request) -> bool:
    return all(isinstance(policy.decide(request), Allow) for request in requests)


def _same(policy: Policy, rules: list[Rule], path: str) -> None:
    def opened(access: Access) -> Open:
        return Open(CALLER, path, access)

    def change(operation: Operation) -> PathChange:
        return PathChange(CALLER, operation, path)

    exact: dict[str, tuple[Request, ...]] = {
        "file-read-data": (opened(Access.READ),),
        "file-write-data": (opened(Access.WRITE),),
        "file-write-mode": (Metadata(CALLER, "chmod", path),),
        "process-exec": (Execute(CALLER, path),),
        "network-outbound": (UnixConnect(CALLER, path),),
        "file-write-create": (change(Operation.RENAME_TO), change(Operation.CREATE)),
    }
    if path == "/":
        del exact["file-write-create"]  # it is there
    for operation, requests in exact.items():
        assert _answers(rules, operation, path) == _decided(policy, *requests), operation
    if _answers(rules, "file-write-unlink", path):
        assert _decided(policy, change(Operation.UNLINK), opened(Access.READ))
        assert policy.decide(PathChange(CALLER, Operation.RENAME_FROM, path, target=path))
    assert not _answers(rules, "file-write-setugid", path)


@settings(max_examples=300)
@given(policies(), st.lists(path_strategy(5), min_size=4, max_size=10))
@example(Policy((allow("/"), deny("/w/a"))), ["/w/a", "/w/a/b", "/w", "/w/ab", "/proc/a"])
@example(Policy((rule(File("/"), Access.CREATE), deny("/w"))), ["/w", "/x"])
@example(Policy((allow("/w"), rule(Glob("**/.env"), effect=Effect.DENY))), ["/w/.env/a", "/w/a"])
def test_it_says_what_the_policy_decides(policy: Policy, paths: list[str]) -> None:
    rules = _compiled(policy)
    for path in paths:
        _same(policy, rules, path)


@settings(max_examples=60)
@given(policies(most=3), st.lists(path_strategy(4), min_size=2, max_size=4))
def test_with_what_every_program_needs(policy: Policy, paths: list[str]) -> None:
    based = with_base(policy)
    rules = _compiled(based)
    for path in (*paths, "/", "/usr/lib/dyld", "/dev/null", "/dev/fd/3", "/usr/libx"):
        _same(based, rules, path)


def _folded(path: str) -> set[str]:
    return {path, path.upper(), path.swapcase(), path.title()}


@settings(max_examples=60)
@given(policies(most=4), path_strategy(4))
def test_names_in_other_cases_are_refused_as_well(policy: Policy, path: str) -> None:
    folding = Policy(policy.rules, policy.bypasses, policy.default, folding=("/",))
    rules = _compiled(folding)
    for spelled in _folded(path):
        _same(folding, rules, spelled)


@pytest.mark.parametrize(
    "name",
    [
        "straße",
        "STRASSE",
        "ﬁle",
        "Kelvin",
        "é",
        "e\u0301",
        "Ωmega",
        "σς",
        "\u017fecret",
        "ǅ",
        "ffist",
    ],
)
def test_letters_beyond_ascii_fold_in_every_form(name: str) -> None:
    import unicodedata

    policy = Policy(
        (allow("/w"), deny(f"/w/{name}"), rule(Glob(f"**/x{name}*"), effect=Effect.DENY)),
        folding=("/w",),
    )
    rules = _compiled(policy)
    forms = {name, name.upper(), name.lower(), name.title(), name.casefold(), name.swapcase()}
    forms |= {unicodedata.normalize(form, each) for form in ("NFC", "NFD") for each in forms}
    for form in forms:
        assert not _answers(rules, "file-read-data", f"/w/{form}")
        assert not _answers(rules, "file-read-data", f"/w/{form}/below")
        assert not _answers(rules, "file-write-create", f"/w/sub/X{form}y")
    assert _answers(rules, "file-read-data", "/w/other")


@pytest.mark.parametrize(
    "name",
    ['a"b', "a\\b", "a(b", "a b", "a)b(allow default)", "a;b", "#a", "a'b", "a[b", "é", "$x"],
)
def test_hostile_names_are_names(name: str) -> None:
    policy = Policy((allow(f"/w/{name}"), rule(File("/h/x")), deny(f"/w/{name}/{name}")))
    profile = profile_of(policy, "nono-1")
    assert name not in profile.text()
    rules = _compiled(policy)
    for path in (f"/w/{name}", f"/w/{name}/a", f"/w/{name}/{name}", f"/w/{name}x", "/w", "/h/x"):
        _same(policy, rules, path)


@pytest.mark.parametrize("name", ["a\nb", "a\x1bb", "\udcff", "a\x7f"])
def test_names_that_no_rule_can_hold_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no rule can name"):
        profile_of(Policy((allow(f"/w/{name}"),)), "nono-1").text()


def test_a_socket_cannot_get_a_name_that_may_be_connected_to() -> None:
    rules = _compiled(Policy((allow("/w", Access.READ | Access.WRITE), allow("/t"))))
    assert _answers(rules, "file-write-unlink", "/w/a")
    assert not _answers(rules, "file-write-unlink", "/w/a", "SOCKET")
    assert _answers(rules, "file-write-unlink", "/t/a", "SOCKET")


def test_a_class_of_characters() -> None:
    policy = Policy((allow("/w"), rule(Glob("**/key[0-9a-c].pem"), effect=Effect.DENY)))
    rules = _compiled(policy)
    for path in ("/w/key1.pem", "/w/keyb.pem", "/w/keyd.pem", "/w/key.pem"):
        _same(policy, rules, path)


def test_a_question_mark_refuses_any_character() -> None:
    rules = _compiled(Policy((allow("/w"), rule(Glob("/w/a?"), effect=Effect.DENY))))
    assert not any(_answers(rules, "file-read-data", f"/w/a{each}") for each in "xé€😀")
    assert _answers(rules, "file-read-data", "/w/a")


def test_a_grant_by_wildcards_is_never_wider() -> None:
    rules = _compiled(Policy((rule(Glob("/w/?")),)))
    assert _answers(rules, "file-read-data", "/w/a")
    assert not _answers(rules, "file-read-data", "/w/ab")
    with pytest.raises(ValueError, match="cannot be written"):
        profile_of(Policy((rule(Glob("/w/[é]")),)), "nono-1")


def test_a_profile_refuses_nothing_but_by_default() -> None:
    text = profile_of(Policy((allow("/w"), deny("/w/a"))), "nono-7f3a").text()
    assert text.count("(deny") == 1
    assert '(deny default (with message "nono-7f3a"))' in text


def test_many_refusals_are_few_rules() -> None:
    refused = [deny(f"/w/{number}") for number in range(3000)]
    profile = profile_of(with_base(Policy((allow("/w"), *refused))), "nono-1")
    assert len(profile.rules) < 20
