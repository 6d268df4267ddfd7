"""Names that a file system takes for the same, and what of a path is compared so."""

import pytest

from nono.broker import Access, Allow, Deny, Effect, Glob, Open, Policy, Rule, Subtree
from nono.broker.audit.plain_policy import plain_policy, read_policy
from nono.broker.errors import InvalidRecord
from nono.broker.rules.access import ALL_ACCESS, CHANGING
from nono.broker.rules.folding import Folding, folded_name, is_short
from nono.broker.rules.rule import File, Origin, OriginKind
from tests.broker.worlds import CALLER

FLAG = Origin(OriginKind.FLAG, "--deny")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (".env", ".ENV"),
        ("straße", "STRASSE"),
        ("é", "e\u0301"),
        ("É", "e\u0301"),
        (".env", ".e\u200bnv"),
        (".env", "\ufeff.env"),
        ("key", "\u212aey"),
        ("\u0131d", "Id"),
        ("\u017fsh", "SSH"),
        ("key", "key."),
        ("key", "KEY. ."),
        ("\u03c3", "\u03c2"),
        ("\udcff.env", "\udcff.ENV"),
    ],
)
def test_the_same_name_for_some_file_system(one: str, other: str) -> None:
    assert folded_name(one) == folded_name(other)


@pytest.mark.parametrize("name", [".env2", "env", ". env", "keys", "ke y", "...", " ", "\u200b"])
def test_another_name(name: str) -> None:
    assert folded_name(name) not in (folded_name(".env"), folded_name("key"), "")


def test_short_names() -> None:
    assert all(map(is_short, ["PROGRA~1", "a~2", "SECRET~1.TXT", "X~123456"]))
    assert not any(map(is_short, ["notes~", "file.~1~", "~root", "a-very-long~1", "x.y~1"]))


def test_only_below_a_tree_and_prefixes_stay_prefixes() -> None:
    folding = Folding(["/mnt/C", "/mnt/C/Users"])
    assert folding.trees == {"/mnt/C"}
    assert folding.fold("/mnt/C/Users/X") == "/mnt/C/users/x"
    assert folding.fold("/mnt/C") == "/mnt/C"
    assert folding.fold("/mnt/c/Users") == "/mnt/c/Users"
    assert Folding(["/"]).fold("/Users/X") == "/users/x"
    assert not Folding()


def decided(policy: Policy, path: str, access: Access = Access.READ) -> bool:
    return isinstance(policy.decide(Open(CALLER, path, access)), Allow)


@pytest.mark.parametrize(
    ("pattern", "refused", "open_"),
    [
        (Subtree("/c/Secrets"), ["/c/SECRETS/x", "/c/secrets", "/c/SECRET~1/x"], ["/c/secret/x"]),
        (File("/c/.Env"), ["/c/.ENV", "/c/.env."], ["/c/.env/x", "/c/.en"]),
        (Glob("**/.env"), ["/c/a/.ENV", "/c/.Env/deep", "/c/A~1"], ["/c/a/.envx", "/exact/.ENV"]),
        (Glob("/c/[A-F]*.Key"), ["/c/a.KEY", "/c/B1.key", "/c/b1.KEY/x"], ["/c/g.key"]),
        (Glob("/c/sub/*.key"), ["/c/SUB/A.KEY", "/c/Sub/x.Key"], ["/c/a.key"]),
        (Subtree("/exact/Secrets"), ["/exact/Secrets/x"], ["/exact/secrets/x"]),
    ],
)
def test_refusals_fold_and_grants_do_not(
    pattern: Subtree | File | Glob, refused: list[str], open_: list[str]
) -> None:
    rules = (
        Rule(Subtree("/c"), ALL_ACCESS, Effect.ALLOW, FLAG),
        Rule(Subtree("/exact"), ALL_ACCESS, Effect.ALLOW, FLAG),
        Rule(pattern, ALL_ACCESS, Effect.DENY, FLAG),
    )
    policy = Policy(rules, folding=("/c",))
    assert [path for path in refused if decided(policy, path)] == []
    assert [path for path in open_ if not decided(policy, path)] == []
    assert not decided(policy, "/C/x")


def test_a_bypass_is_exact_and_rights_are_kept_apart() -> None:
    rules = (
        Rule(Subtree("/c"), ALL_ACCESS, Effect.ALLOW, FLAG),
        Rule(Subtree("/c/.ssh"), ALL_ACCESS, Effect.DENY, FLAG, protected=True),
        Rule(Subtree("/c/hooks"), CHANGING, Effect.DENY, FLAG),
    )
    policy = Policy(rules, bypasses=("/c/.SSH",), folding=("/c",))
    assert decided(policy, "/c/.SSH/id")
    assert not decided(policy, "/c/.ssh/id")
    assert decided(policy, "/c/HOOKS/x")
    assert not decided(policy, "/c/HOOKS/x", Access.WRITE)


def test_a_question_folds() -> None:
    rules = (
        Rule(Subtree("/c"), ALL_ACCESS, Effect.ALLOW, FLAG),
        Rule(Subtree("/c/Ask"), ALL_ACCESS, Effect.ASK, FLAG),
    )
    policy = Policy(rules, folding=("/c",))
    assert not isinstance(policy.decide(Open(CALLER, "/c/ASK/x", Access.READ)), Allow | Deny)


def test_a_record_keeps_the_trees_and_one_of_before_has_none() -> None:
    rules = (Rule(Subtree("/c/.ssh"), ALL_ACCESS, Effect.DENY, FLAG),)
    policy = Policy(rules, folding=("/c",))
    plain = plain_policy(policy)
    assert read_policy(plain) == policy
    assert read_policy(plain[:-1]) == Policy(rules)
    with pytest.raises(InvalidRecord):
        read_policy([*plain, []])
    with pytest.raises(InvalidRecord):
        read_policy([*plain[:-1], ["relative"]])
