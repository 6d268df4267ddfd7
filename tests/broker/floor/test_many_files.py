"""A carved directory with very many files: which of them have a rule of the kernel's own."""

from __future__ import annotations

from typing import Any

import pytest

from nono.broker import (
    ALL_ACCESS,
    FLOOR_ACCESS,
    Access,
    Effect,
    Floor,
    FloorTooLarge,
    Glob,
    Kind,
    PathPattern,
    Subtree,
)
from nono.broker.floor import carve as carving
from nono.broker.floor.carve import carve
from nono.broker.rules.access import CHANGING
from tests.broker.worlds import World, allow, deny, rule

MOST = 5
READ, WRITE, EXECUTE = Access.READ, Access.WRITE, Access.EXECUTE


class Programs(World):
    def __init__(self, *paths: str) -> None:
        super().__init__({path: "file" for path in paths})

    def may_run(self, path: str) -> bool:
        return path.endswith("0")


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carving, "MAX_FILES", MOST)


def floor(count: int, refused: Access, *, pattern: PathPattern | None = None, **how: Any) -> Floor:
    """Of a directory with so many files beside a refused one, and with two directories."""
    names = ("/w/secret", "/w/d/file", "/w/e/file", *(f"/w/f{n}" for n in range(count - 1)))
    refusal = rule(pattern or Subtree("/w/secret"), refused, Effect.DENY)
    return carve((allow("/w", FLOOR_ACCESS), refusal), (), Programs(*names), frozenset(), **how)


@pytest.mark.parametrize("refused", [ALL_ACCESS, CHANGING])
def test_up_to_a_bound_each_has_one(refused: Access) -> None:
    made = floor(MOST, refused)
    assert made.covers("/w/f1", READ | WRITE)
    assert made.covers("/w/d/file", READ | WRITE | EXECUTE)


def test_beyond_it_those_have_that_may_be_executed() -> None:
    made = floor(MOST + 1, ALL_ACCESS)
    assert made.covers("/w/f0", READ | EXECUTE) and not made.covers("/w/f1", READ)
    assert made.covers("/w/d/file", READ | WRITE | EXECUTE)
    assert len(made.rules) == 3 and "/w" in made.carved


def test_of_a_refusal_of_changes_it_is_the_right_to_write_alone() -> None:
    made = floor(MOST + 1, CHANGING)
    assert made.covers("/w/f1", READ | EXECUTE) and made.covers("/w/secret", READ)
    assert not made.covers("/w/f1", WRITE) and not made.covers("/w/f0", WRITE)
    assert made.covers("/w/d/file", WRITE) and "/w" in made.unwritten


def test_where_the_kernel_is_alone_each_has_one() -> None:
    assert floor(MOST + 1, ALL_ACCESS, alone=True).covers("/w/f1", READ | WRITE)


def test_what_there_is_to_do_about_too_many() -> None:
    with pytest.raises(FloorTooLarge) as caught:
        floor(MOST + 1, ALL_ACCESS, limit=MOST)
    assert caught.value.hint == "allow smaller directories, or deny all of /w"
    with pytest.raises(FloorTooLarge) as caught:
        floor(MOST + 1, ALL_ACCESS, limit=MOST, pattern=Glob("/w/**/secret"))
    assert "instead of by a pattern" in caught.value.hint


def test_what_a_pattern_was_looked_for_in_is_listed_once_more() -> None:
    made = floor(MOST + 1, ALL_ACCESS, limit=MOST + 5, pattern=Glob("/w/secre[t]"))
    assert made.covers("/w/f0", READ) and not made.covers("/w/secret", READ)


def test_no_more_is_listed_than_may_be() -> None:
    asked = list[int | None]()

    class Counting(Programs):
        def scan(self, path: str, most: int | None = None) -> list[tuple[str, bool]] | None:
            asked.append(most)
            return super().scan(path, most)

    world = Counting("/w/d/file", "/w/x")
    carve((allow("/w", FLOOR_ACCESS), deny("/w/d/file")), (), world, frozenset(), limit=10)
    assert asked == [11, 9]


class Counted(World):
    """Counts how often it is asked what is where."""

    def __init__(self, *paths: str) -> None:
        super().__init__({path: "file" for path in paths})
        self.asked: dict[str, int] = {}

    def kind(self, path: str) -> Kind | None:
        self.asked[path] = self.asked.get(path, 0) + 1
        return super().kind(path)


def test_what_a_grant_is_on_is_asked_once() -> None:
    tree = Counted("/w/secret", "/w/d/file", "/w/f")
    refusals = (deny("/w/secret"), rule(Subtree("/w/d/file"), CHANGING, Effect.DENY))
    carve((allow("/w", FLOOR_ACCESS), *refusals), (), tree, frozenset())
    assert tree.asked["/w"] == 1
