"""A profile says what the policy decides: for every operation, path and reading."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, permutations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nono.broker import (
    Access,
    Allow,
    Deny,
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
    Subtree,
    UnixConnect,
)
from nono.broker.rules.access import CHANGING
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
    assert not _answers(rules, "file-write-setugid", path)


def _moved(pattern: str) -> Policy:
    return Policy((allow("/w"), rule(Glob(pattern), effect=Effect.DENY)))


@settings(max_examples=300)
@given(policies(), st.lists(path_strategy(5), min_size=4, max_size=10))
@example(Policy((allow("/"), deny("/w/a"))), ["/w/a", "/w/a/b", "/w", "/w/ab", "/proc/a"])
@example(Policy((rule(File("/"), Access.CREATE), deny("/w"))), ["/w", "/x"])
@example(Policy((allow("/w"), rule(Glob("**/.env"), effect=Effect.DENY))), ["/w/.env/a", "/w/a"])
def test_it_says_what_the_policy_decides(policy: Policy, paths: list[str]) -> None:
    rules = _compiled(policy)
    for path in paths:
        _same(policy, rules, path)


@settings(max_examples=100)
@given(policies(), st.lists(path_strategy(4), min_size=2, max_size=4), st.booleans())
@example(_moved("/w/a/**/k.pem"), ["/w/a/b", "/w/c"], False)
@example(_moved("**/a/*.pem"), ["/w/A", "/w/c"], True)
@example(_moved("/w/*/k.pem"), ["/w/b", "/w/b/c"], False)
def test_no_directory_is_moved_out_of_the_reach_of_a_refusal(
    policy: Policy, paths: list[str], folds: bool
) -> None:
    policy = replace(policy, folding=("/",) if folds else ())
    profile = profile_of(policy, "nono-1")
    rules = parse(profile.text(), profile.parameters())
    # Nothing moves the root, nor anything onto itself.
    for path, target in permutations({*paths} - {"/"}, 2):
        leaves = _answers(rules, "file-write-unlink", path, "DIRECTORY")
        if leaves and _answers(rules, "file-write-create", target, "DIRECTORY"):
            for name in ("/k.pem", "/b/k.pem", "/a/k.pem", "/.env"):
                if _is_refused(policy, path + name):
                    assert not _answers(rules, "file-read-data", target + name), (path, target)


def _is_refused(policy: Policy, path: str) -> bool:
    verdict = policy.decide(Open(CALLER, path, Access.READ))
    return isinstance(verdict, Deny) and verdict.rule.effect is Effect.DENY and path != "/"


@settings(max_examples=60)
@given(policies(most=3), st.lists(path_strategy(4), min_size=2, max_size=4))
def test_with_what_every_program_needs(policy: Policy, paths: list[str]) -> None:
    based = with_base(policy)
    rules = _compiled(based)
    for path in (*paths, "/", "/usr/lib/dyld", "/dev/null", "/dev/fd/3", "/usr/libx"):
        _same(based, rules, path)


_HOSTILE = st.sampled_from(
    [
        *(
            "a",
            "A",
            "ab",
            ".env",
            ".ENV",
            "ss",
            "\u00df",
            "\ufb01",
            "FI",
            "\u00e9",
            "e\u0301",
            "a;b",
        ),
        *("a\u037eb", "x.", "x", 'a"b', "a\\b", "$x", "[a]", "a+b", "^a$", "a|b", "(p)"),
    ]
)
_hostile_paths = st.tuples(
    st.sampled_from(("/w", "/W", "/w/a", "/h")), st.lists(_HOSTILE, max_size=3)
).map(lambda parts: "/".join([parts[0], *parts[1]]))


@st.composite
def _hostile(draw: st.DrawFn) -> tuple[Policy, list[str]]:
    """Grants and refusals of hostile names where names fold, and paths near the refusals."""
    granted = draw(st.lists(st.sampled_from(("/w", "/W", "/w/a", "/")), min_size=1, max_size=3))
    trees = draw(st.lists(_hostile_paths, max_size=4))
    files = draw(st.lists(_hostile_paths, max_size=2))
    names_in_globs = _HOSTILE.filter(lambda name: "[" not in name)
    globs = draw(st.lists(names_in_globs, max_size=2))
    rules = [
        *(allow(path) for path in granted),
        *(rule(Subtree(path), effect=Effect.DENY, protected=True) for path in trees),
        *(rule(File(path), CHANGING, Effect.DENY) for path in files),
        *(rule(Glob(f"**/{name}*"), effect=Effect.DENY) for name in globs),
    ]
    bypasses = draw(st.lists(_hostile_paths, max_size=1))
    policy = Policy(tuple(rules), tuple(bypasses), folding=("/",))
    asked = [*trees, *files, *draw(st.lists(_hostile_paths, min_size=2, max_size=4))]
    for path in list(asked):
        at = draw(st.integers(2, 4))
        names = path.split("/")
        names[min(at, len(names) - 1)] = draw(_HOSTILE)
        asked += ["/".join(names), f"{path}/{draw(_HOSTILE)}", path.swapcase(), f"{path}."]
    return policy, asked


@settings(max_examples=25)
@given(_hostile())
def test_names_that_are_hostile_and_fold(world: tuple[Policy, list[str]]) -> None:
    policy, paths = world
    rules = _compiled(policy)
    for path in paths:
        _same(policy, rules, path)


def test_a_dot_before_a_wildcard_is_one() -> None:
    """At a name's end it may be left out where names fold, and not before a wildcard."""
    policy = replace(_moved("**/x.*"), folding=("/",))
    rules = _compiled(policy)
    for path in ("/w/x.", "/w/X.", "/w/x.a", "/w/x./a", "/w/X. .", "/w/x.a.", "/w/x..a"):
        assert not _answers(rules, "file-read-data", path)
        _same(policy, rules, path)
    for path in ("/w/x", "/w/X", "/w/xrc", "/w/ax", "/w/y", "/w/y.", "/w/x "):
        assert _answers(rules, "file-read-data", path)
        _same(policy, rules, path)


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


def test_a_quotation_mark_in_a_grant_is_no_other_character() -> None:
    rules = _compiled(Policy((rule(Glob('**/a"b')),)))
    assert _answers(rules, "file-read-data", '/w/a"b')
    assert not _answers(rules, "file-read-data", "/w/a|b")


def test_a_refusal_of_a_name_that_cannot_be_written_refuses_more() -> None:
    """A file of such a name must not keep a person from starting anything."""
    rules = _compiled(
        Policy((allow("/w"), deny("/w/a\nb"), rule(Glob("q\x01"), effect=Effect.DENY)))
    )
    for path, expected in (
        ("/w/a\nb", False),
        ("/w/a_b", False),
        ("/w/q\x01", False),
        ("/w/ab", True),
    ):
        assert _answers(rules, "file-read-data", path) is expected


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


@pytest.mark.parametrize("folding", [(), ("/",)])
def test_a_profile_for_a_whole_home_is_small(folding: tuple[str, ...]) -> None:
    """What others have measured: 38,834 words in a form, 1,023 bytes in a string, 65,535 in all
    that is named."""
    refused = [deny(f"/Users/p/.directory-{n % 40}/name-{n}") for n in range(3000)]
    policy = with_base(Policy((allow("/Users/p"), *refused), folding=folding))
    profile = profile_of(policy, "nono-1")
    text, parameters = profile.text(), profile.parameters()
    assert len(profile.rules) < 20
    assert max(text.count(" ", *span) for span in _forms(text)) < 5000
    expressions = [value for name, value in parameters.items() if name.startswith("R")]
    assert max(len(each.encode()) for each in expressions) <= 1023
    assert sum(len(path.encode()) for path in profile.paths()) < 5000
    rules = parse(text, parameters)
    for number in (0, 1, 1777, 2999):
        for path in (f"/.directory-{number % 40}/name-{number}", f"/.directory-0/{number}", "/a"):
            _same(policy, rules, f"/Users/p{path}")


def _forms(text: str) -> list[tuple[int, int]]:
    """Where each form begins and ends: each is a line."""
    ends = [at for at, character in enumerate(text) if character == "\n"]
    return list(pairwise([0, *ends]))
