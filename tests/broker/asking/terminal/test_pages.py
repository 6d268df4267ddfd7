"""What is allowed was on the screen before: at every size, in every view."""

from dataclasses import replace

import pytest

from nono.broker.asking.question import Question, SubjectKind
from nono.broker.asking.terminal.board import Board, Done, Picked
from nono.broker.asking.terminal.columns import width
from tests.broker.asking.asked import question

NAMES = (*(f"aaaa-cache-{letter * 100}" for letter in "bcdef"), "thesis.tex")
SIZES = ((12, 80), (22, 80), (24, 80), (6, 40), (5, 60), (4, 20), (4, 200), (60, 30))


def six() -> Question:
    objects = tuple(("delete", f"/home/u/data/{name}") for name in NAMES)
    asked = question("/home/u/data", SubjectKind.DIRECTORY)
    return replace(asked, objects=objects, waiting=6)


class Reader:
    """Looks at each screen for long enough, and types. `read` is what was there, without blanks."""

    def __init__(self, rows: int, columns: int) -> None:
        self.board = Board()
        self.board.asked("7f3a", six())
        self.now = 100.0
        self.read = ""
        self.is_new = True
        self.size = columns, rows

    def types(self, key: bytes) -> list[Done]:
        lines = self.board.lines(*self.size)
        assert len(lines) <= self.size[1] and all(width(line) < self.size[0] for line in lines)
        self.board.drawn(self.now)
        if self.is_new:
            self.read += "".join("".join(line for line in lines if line[:1] != "─").split())
        self.is_new = key not in (b"o", b"\r")
        self.now += 1
        return self.board.typed(key, self.now)

    def until(self, key: bytes) -> Done:
        """The key again and again, and on to the next page where it does nothing."""
        for _ in range(300):
            if found := self.types(key):
                return found[0]
            self.types(b" ")
        raise AssertionError(key)


@pytest.mark.parametrize(("rows", "columns"), SIZES)
@pytest.mark.parametrize("view", [b"", b"?"])
def test_a_key_counts_only_when_all_was_on_the_screen(rows: int, columns: int, view: bytes) -> None:
    reader = Reader(rows, columns)
    if view:
        reader.types(view)
        reader.read = ""
    assert reader.until(b"o") == Picked("7f3a", 17, "o")
    assert all(name in reader.read for name in NAMES) and "thisfile,once" in reader.read


@pytest.mark.parametrize(("rows", "columns"), SIZES)
def test_enter_counts_only_when_what_it_does_was_on_the_screen(rows: int, columns: int) -> None:
    reader = Reader(rows, columns)
    while "youchose" not in reader.read:
        reader.types(b"a")
        reader.types(b" ")
    reader.read = reader.read.partition("youchose")[2]
    assert reader.until(b"\r") == Picked("7f3a", 17, "a")
    assert "p.answers.json" in reader.read and '"/home/u/datasets/imagenet"' in reader.read
    assert "Enteryes,this" in reader.read


@pytest.mark.parametrize("key", [b"n", b"\x1b", b"N", b"\r"])
def test_what_refuses_counts_on_every_page(key: bytes) -> None:
    (picked,) = Reader(12, 80).types(key)
    assert isinstance(picked, Picked) and picked.offer in "nN"


@pytest.mark.parametrize(("rows", "columns"), [(2, 80), (24, 12), (1, 1)])
def test_nothing_is_allowed_on_a_screen_that_holds_nothing(rows: int, columns: int) -> None:
    reader = Reader(rows, columns)
    assert [reader.types(key) for key in (b"o", b" ", b"o", b"d")] == [[]] * 4
    assert reader.types(b"n") == [Picked("7f3a", 17, "n")]


def test_another_size_is_looked_at_anew() -> None:
    reader = Reader(12, 80)
    while (reader.types(b" "), reader.board.lines(80, 12))[1][-1].startswith("─ more"):
        pass
    reader.size = 80, 14
    assert reader.types(b"o") == []


def test_what_does_not_count_yet_is_said() -> None:
    reader = Reader(12, 80)
    reader.types(b"o")
    assert "first see all: space; n: no" in reader.board.lines(80, 12)[-1]
