"""What takes longest is begun first."""

from dataclasses import dataclass
from pathlib import Path

from tests.conftest import CHECKOUT
from tests.longest import LONGEST, SHORT, in_order


@dataclass(frozen=True)
class Item:
    """Of a test, the file and its place there."""

    path: Path
    number: int


def test_the_files_are_there() -> None:
    assert [name for name in LONGEST if not (CHECKOUT / "tests" / name).is_file()] == []
    assert all((CHECKOUT / "tests" / room).is_dir() for room in SHORT)


def test_the_order() -> None:
    """Files stay together, and the tests of one as they stand in it."""
    names = ("broker/test_errors.py", "supervisor/test_names.py", LONGEST[1], LONGEST[0])
    items = [Item(CHECKOUT / "tests" / name, number) for name in names for number in range(2)]
    elsewhere = Item(CHECKOUT.parent / "tests" / LONGEST[0], 0)
    ordered = in_order([*items, elsewhere])
    assert ordered == [*items[6:], *items[4:6], *items[2:4], elsewhere, *items[:2]]
