"""The tour of the rooms shows the house as it is, and no page names a file that is not there."""

import re
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT, PACKAGES

TOUR = "docs/how-it-works.md"
PAGES = (TOUR, "CONTRIBUTING.md")
NO_IDEA_OF_THEIR_OWN = {"__init__", "__main__", "_libc", "_libsandbox"}


def rooms_on_disk() -> dict[str, list[str]]:
    """Every folder of the packages that holds something, and its modules."""
    rooms: dict[str, list[str]] = {}
    for package in PACKAGES:
        for path in sorted((CHECKOUT / package).rglob("*")):
            if path.suffix not in (".py", ".json"):
                continue
            folder = path.parent.relative_to(CHECKOUT).as_posix() + "/"
            modules = rooms.setdefault(folder.replace("data/profiles/", "data/"), [])
            if path.suffix == ".py" and path.stem not in NO_IDEA_OF_THEIR_OWN:
                modules.append(path.stem)
    return rooms


def rooms_of_the_tour() -> dict[str, list[str]]:
    rows = re.findall(r"^\| `([\w/]+/)` \| .+ \| (.*) ?\|$", (CHECKOUT / TOUR).read_text(), re.M)
    return {room: re.findall(r"`(\w+)`", modules) for room, modules in rows}


def named(page: str) -> set[str]:
    """What a page says of files: words in backticks that have a slash inside."""
    text = (CHECKOUT / page).read_text(encoding="utf-8")
    found = re.findall(
        r"`([a-z_]+/[a-z_/.]*)`", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    )
    return set(found)


def exists(name: str) -> bool:
    bases = [CHECKOUT, *(CHECKOUT / top for top in (*PACKAGES, "tests"))]
    paths: list[Path] = [base / name.rstrip("/") for base in bases]
    return any(path.exists() or path.with_suffix(".py").exists() for path in paths)


def test_the_tour_has_every_room_and_every_module() -> None:
    assert rooms_of_the_tour() == rooms_on_disk()


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_names_is_there(page: str) -> None:
    names = named(page)
    assert names
    assert not {name for name in names if not exists(name)}
