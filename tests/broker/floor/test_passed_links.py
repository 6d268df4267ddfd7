"""A pattern goes on where a link to a directory leads that it passes through."""

from __future__ import annotations

import pytest

from nono.broker import ALL_ACCESS, Access, Effect, File, Floor, Glob, Policy
from nono.broker.floor import carve
from nono.broker.floor.passed_links import Behind
from nono.broker.rules.access import CHANGING, FLOOR_ACCESS
from tests.broker.worlds import World, allow, rule

READ = Access.READ


class Linked(World):
    """With links, each by the directory that it leads to."""

    def __init__(self, links: dict[str, str], *files: str) -> None:
        super().__init__({**dict.fromkeys(links, "symlink"), **dict.fromkeys(files, "file")})
        self.links = links

    def led(self, path: str) -> str | None:
        return self.links.get(path)


def floor(world: World, text: str, access: Access = ALL_ACCESS, opened: str = "/w") -> Floor:
    refusal = rule(Glob(text), access, Effect.DENY)
    return Policy((allow(opened, FLOOR_ACCESS), refusal)).floor(world)


def refused(made: Floor) -> set[str]:
    return {each.pattern.spelled for each in made.matched if isinstance(each.pattern, Glob)}


WORLD = Linked(
    {"/w/sub/conf": "/w/shared", "/w/shared/more": "/w/[x]", "/w/self": "/w"},
    *("/w/shared/a.key", "/w/shared/b", "/w/[x]/a.key", "/h/a.key"),
)


def test_what_lies_behind_is_carved() -> None:
    for text in ("**/conf/*.key", "/w/sub/conf/*.key", "/w/*/conf/a.key", "/w/sub/conf/**/a.key"):
        made = floor(WORLD, text)
        assert not made.covers("/w/shared/a.key", READ), text
        assert made.covers("/w/shared/b", READ) and made.covers("/w/[x]/a.key", READ)
    assert "/w/shared/*.key" in refused(floor(WORLD, "**/conf/*.key"))


def test_links_behind_links_are_passed() -> None:
    made = floor(WORLD, "**/conf/more/*.key")
    assert not made.covers("/w/[x]/a.key", READ) and made.covers("/w/shared/a.key", READ)
    assert refused(made) == {"/w/shared/more/*.key", "/w/[[]x]/*.key"}


def test_changes_are_held_too() -> None:
    made = floor(WORLD, "/w/sub/conf/*.key", CHANGING)
    assert not made.covers("/w/shared", Access.WRITE) and made.covers("/w/shared/a.key", READ)


def test_where_nobody_opened_anything_it_ends() -> None:
    world = Linked({"/w/conf": "/h"}, "/h/a.key")
    assert not refused(floor(world, "**/conf/*.key"))


def test_a_link_that_changes_nothing_adds_nothing() -> None:
    world = Linked({"/w/a/conf": "/w/b/conf", "/w/self": "/w"}, "/w/b/conf/a.key")
    assert not refused(floor(world, "**/conf/*.key"))


def test_cycles_end() -> None:
    world = Linked({"/w/a": "/w", "/w/b": "/w"}, "/w/k")
    made = floor(world, "/w/*/*/*/k")
    assert not made.covers("/w/k", READ)


def test_what_no_pattern_is_long_enough_for_is_refused_as_a_whole() -> None:
    deep = "/w" + "/d" * 70
    made = floor(Linked({"/w/conf": deep}, f"{deep}/a.key"), "**/conf/*.key")
    assert not made.covers(f"{deep}/a.key", READ)


def test_where_more_links_lead_than_are_followed_all_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And each of them stays where it is."""
    monkeypatch.setattr(carve, "_MAX_LED", 4)
    links = {f"/w/l/{number}/conf": f"/w/t/{number}" for number in range(7)}
    files = [f"/w/t/{number}/{name}" for number in range(7) for name in ("a.key", "x")]
    world, behind = Linked(links, *files), Behind({}, {}, {})
    rules = (allow("/w", FLOOR_ACCESS), rule(Glob("**/conf/*.key"), ALL_ACCESS, Effect.DENY))
    made = carve.carve(rules, (), world, frozenset(), alone=True, behind=behind)
    assert len(behind.whole) == 3
    for number in range(7):
        directory = f"/w/t/{number}"
        assert not made.covers(f"{directory}/a.key", READ)
        assert made.covers(f"{directory}/x", READ) is (directory not in behind.whole)
    kept = {each.pattern for each in made.matched if each.access == CHANGING}
    assert {File(link, "**/conf/*.key") for link in links} <= kept
