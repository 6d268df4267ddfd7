"""Where many paths lead: the same as where each of them leads."""

from __future__ import annotations

import errno
import itertools
import os
import random
from collections.abc import Collection
from pathlib import Path

import pytest

from nono.supervisor import links, looks
from nono.supervisor.links import InDirectories, Ways

NAMES = ("a", "b", ".c", "D")
Folded = tuple[Collection[str] | None, Collection[str] | None]


def _grow(top: Path, choose: random.Random) -> None:
    """Directories, files and links, some of which lead nowhere, round, up and out."""
    waiting = [top]
    while waiting:
        directory = waiting.pop()
        for name in choose.sample(NAMES, k=choose.randrange(len(NAMES) + 1)):
            path = directory / name
            kind = choose.choice(("directory", "directory", "file", "link", "link"))
            if kind == "directory" and len(path.relative_to(top).parts) < 4:
                path.mkdir()
                waiting.append(path)
            elif kind == "link":
                target = choose.choice((".", "..", name, "../a", "a/b", str(top / "b"), "/", "no"))
                path.symlink_to(target)
            else:
                path.touch()


def _leads_round(path: str) -> bool:
    """Then the kernel comes to nothing."""
    try:
        os.stat(path)
    except OSError as error:
        return error.errno == errno.ELOOP
    return False


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("crowded", ["", "a"])
def test_each_path_leads_where_the_system_says(tmp_path: Path, seed: int, crowded: str) -> None:
    top = tmp_path / "top"
    top.mkdir()
    _grow(top, random.Random(seed))
    resolve = Ways(str(top / crowded)).canonical
    together: list[str] = []
    leading = {}
    for depth in range(5):
        for names in itertools.product(NAMES, repeat=depth):
            path = os.path.join(top, *names)
            if _leads_round(path):
                continue
            end = os.path.realpath(path)
            assert resolve(path) == end, path
            together.append(path)
            if end != path:
                leading[path] = end
    assert Ways(str(top / crowded)).leading(InDirectories.of(together)) == leading


@pytest.mark.parametrize("path", ["/", "/proc/self", "/dev/fd", "/var/run", "/no/such/thing"])
def test_outside_the_crowded_directory(path: str) -> None:
    assert Ways("/home").canonical(path) == os.path.realpath(path)
    assert Ways("/").canonical(path) == os.path.realpath(path)


def test_what_is_not_in_a_listed_directory_is_not_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "there").mkdir()
    listed: list[str] = []

    def folded_names(path: str, most: int) -> Folded:
        listed.append(path)
        return looks.folded_names(path, most)

    monkeypatch.setattr(links, "folded_names", folded_names)
    ways = Ways(str(tmp_path))
    for path in ("absent/a/b", "absent/a/c/d", "there/a/b", "THERE/b"):
        assert ways.canonical(f"{tmp_path}/{path}") == os.path.realpath(tmp_path / path)
    assert listed == [f"{tmp_path}{below}" for below in ("", "/there", "/THERE")]


def test_links_in_other_spellings_are_looked_at(tmp_path: Path) -> None:
    """Where names are folded, a link answers to more than its own name."""
    (tmp_path / ".SSH").symlink_to("elsewhere")
    assert links._listed(str(tmp_path)).links == frozenset({".ssh"})
    (tmp_path / ".\N{KELVIN SIGN}ube").symlink_to("elsewhere")
    assert links._listed(str(tmp_path)).links is None
    assert links._listed(str(tmp_path)).names is None


@pytest.mark.parametrize("path", [".s\N{SOFT HYPHEN}sh", ".s\N{SOFT HYPHEN}sh/key"])
def test_what_is_asked_for_in_odd_letters_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """Where names are folded, some letters count as none."""
    (tmp_path / ".ssh").symlink_to("elsewhere")
    looked: list[str] = []

    def led(_: Ways, path: str) -> str:
        looked.append(path)
        return path

    monkeypatch.setattr(Ways, "_led", led)
    Ways(str(tmp_path)).canonical(f"{tmp_path}/{path}")
    assert f"{tmp_path}/{path[:5]}" in looked


def test_what_cannot_be_listed_is_looked_at_name_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "MAX_NAMES", 3)
    for name in "abcd":
        (tmp_path / name).symlink_to("../elsewhere")
    assert links._listed(str(tmp_path)).links is None
    path = str(tmp_path / "c")
    assert Ways(str(tmp_path)).canonical(path) == os.path.realpath(path)
    assert links._listed(str(tmp_path / "absent")).links == frozenset()
