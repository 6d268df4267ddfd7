"""Every entry that a group protects, by itself: no grant on the home opens it."""

from __future__ import annotations

import errno

import pytest

from nono.broker import (
    ALL_ACCESS,
    Access,
    Deny,
    Effect,
    Group,
    Metadata,
    Open,
    Operation,
    Origin,
    OriginKind,
    PathChange,
    Policy,
    Rule,
    Subtree,
    default_groups,
    group,
    groups,
    rules_of,
)
from nono.broker.requests import PathRequest
from nono.broker.rules.paths import parent
from tests.broker.worlds import CALLER, HOME, expand

PROTECTING = {name: each for name, each in groups().items() if each.deny}
_FLAG = Origin(OriginKind.FLAG, "--test")


def _policy(platform: str, access: Access) -> Policy:
    """What is protected on a platform, and a grant on the home and on what is around it."""
    found = [each for each in groups().values() if each.platform in (None, platform)]
    grants = [Rule(Subtree(path), access, Effect.ALLOW, _FLAG) for path in ("/", HOME)]
    return Policy((*grants, *(rule for each in found for rule in rules_of(each, expand))))


POLICIES = {
    (platform, access): _policy(platform, access)
    for platform in ("linux", "macos")
    for access in (Access.READ | Access.EXECUTE, ALL_ACCESS)
}


@pytest.mark.parametrize("access", [Access.READ | Access.EXECUTE, ALL_ACCESS], ids=["read", "all"])
@pytest.mark.parametrize("each", PROTECTING.values(), ids=PROTECTING)
def test_a_grant_on_the_home_does_not_open_it(each: Group, access: Access) -> None:
    policy = POLICIES[each.platform or "linux", access]
    for entry in each.deny:
        if not entry.startswith("$"):  # a variable, which is set in no world here
            _assert_closed(policy, entry)


def _assert_closed(policy: Policy, entry: str) -> None:
    [path] = expand(entry)
    requests: list[PathRequest] = [
        request
        for each in (path, f"{path}/below/it")
        for request in (
            Open(CALLER, each, Access.READ),
            Open(CALLER, each, Access.WRITE),
            PathChange(CALLER, Operation.CREATE, each),
            PathChange(CALLER, Operation.RENAME_FROM, each, target=f"{HOME}/elsewhere"),
            PathChange(CALLER, Operation.LINK_FROM, each, target=f"{HOME}/elsewhere"),
            PathChange(CALLER, Operation.RENAME_TO, each),
            Metadata(CALLER, "chmod", each),
        )
    ]
    # Neither does a directory move that holds it.
    requests.append(
        PathChange(CALLER, Operation.RENAME_FROM, parent(path), target="/elsewhere", directory=True)
    )
    for request in requests:
        verdict = policy.decide(request)
        assert isinstance(verdict, Deny) and verdict.errno == errno.EPERM, request
        assert verdict.rule.protected and verdict.rule.effect is Effect.DENY
        if request is not requests[-1]:
            assert isinstance(verdict.rule.pattern, Subtree)
            assert request.path.startswith(verdict.rule.pattern.path)
            assert entry.startswith(verdict.rule.pattern.spelled)


def test_every_protecting_group_of_linux_is_in_every_run() -> None:
    linux = [name for name, each in PROTECTING.items() if each.platform in (None, "linux")]
    assert {*linux} - {*default_groups()} == {"deny_system_secrets"}
    assert all(group(name).platform != "macos" for name in default_groups())


@pytest.mark.parametrize("each", PROTECTING.values(), ids=PROTECTING)
def test_every_entry_has_a_reason(each: Group) -> None:
    assert each.name.startswith("deny_")
    assert list(each.reasons) == list(each.deny)
    for entry, why in each.reasons.items():
        assert entry[0] in "/~$" and not set("*?[]$") & set(entry[1:])
        assert 2 <= len(why) <= 80 and why == why.strip() and not why.endswith(".")


@pytest.mark.parametrize("platform", ["linux", "macos"])
def test_no_entry_is_there_twice_or_lies_in_another(platform: str) -> None:
    found = [each for each in PROTECTING.values() if each.platform in (None, platform)]
    written = [entry for each in found for entry in each.deny]
    assert len(written) == len(set(written))
    # What upstream names of macOS lies in directories that are closed as a whole.
    inside = {
        (above, entry)
        for entry in written
        for above in written
        if entry.startswith(f"{above}/") and entry not in group("deny_keychains_macos").deny
    }
    assert not inside


def test_the_protected_entries_are_a_survey_and_not_a_sample() -> None:
    counts = {
        platform: sum(len(each.deny) for each in groups().values() if each.platform == platform)
        for platform in (None, "linux", "macos")
    }
    assert counts[None] > 900 and counts["linux"] > 250 and counts["macos"] > 150
