"""What cannot be listed counts as empty only where no program of ours comes to what is in it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from nono.supervisor.out_of_reach import is_out_of_reach
from tests.conftest import Account, program_beside

PROGRAM = program_beside(__file__, "out_of_reach.py")

MINE, OTHERS = True, False
DIRECTORIES: dict[str, tuple[tuple[bool, int], ...]] = {
    "mine, closed": ((MINE, 0o000),),
    "mine, to be searched": ((MINE, 0o311),),
    "others', closed": ((OTHERS, 0o700),),
    "others', to be listed": ((OTHERS, 0o744),),
    "others', to be searched": ((OTHERS, 0o711),),
    "others', to be filled": ((OTHERS, 0o1733),),
    "mine in others', closed": ((OTHERS, 0o700), (MINE, 0o755)),
    "mine in others', to be listed": ((OTHERS, 0o744), (MINE, 0o755)),
    "mine, closed in others', to be searched": ((OTHERS, 0o711), (MINE, 0o000)),
    "others', closed in others', to be searched": ((OTHERS, 0o711), (OTHERS, 0o700)),
    "others', closed in mine, closed": ((MINE, 0o000), (OTHERS, 0o700)),
    "mine in mine, to be listed": ((MINE, 0o644), (MINE, 0o755)),
    "far below mine, closed": ((MINE, 0o000), (MINE, 0o755), (OTHERS, 0o755)),
    "far below others', closed": ((OTHERS, 0o700), (MINE, 0o755), (MINE, 0o755)),
}
OUT_OF_REACH = {
    "others', closed",
    "others', to be listed",
    "mine in others', closed",
    "mine in others', to be listed",
    "others', closed in others', to be searched",
    "far below others', closed",
}


@pytest.fixture
def top() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="nono-reach-", dir="/var/tmp") as place:
        Path(place).chmod(0o755)
        yield Path(place)


def make(top: Path, name: str, root: Account, user: Account) -> Path:
    """The last of the directories that a name stands for."""
    parts = DIRECTORIES[name]
    paths = [top.joinpath(name, *map(str, range(1, depth))) for depth in range(1, len(parts) + 1)]
    for (is_mine, _), path in zip(parts, paths, strict=True):
        (user if is_mine else root).directory(path)
    for (_, mode), path in zip(parts, paths, strict=True):
        path.chmod(mode)
    return paths[-1]


def test_whose_they_are_and_how_they_are_closed(root: Account, user: Account, top: Path) -> None:
    """By the rule itself, and by each of the searches that goes by it."""
    paths = [make(top, name, root, user) for name in DIRECTORIES]
    done = user(user.python, "-P", "-c", PROGRAM, *paths)
    assert done.returncode == 0, done.stderr
    told = dict(zip(DIRECTORIES, done.stdout.split(), strict=True))
    is_listed = "mine in others', to be listed"  # by who may list; the way to it is closed to us
    for name, line in told.items():
        assert set(line) == {str(int(name in OUT_OF_REACH))}, (name, line)
    assert len(told[is_listed]) == 4


def test_nothing_is_out_of_roots_reach(root: Account, user: Account, top: Path) -> None:
    paths = [make(top, name, root, user) for name in DIRECTORIES]
    done = root(root.python, "-P", "-c", PROGRAM, *paths)
    assert set(done.stdout.split()) == {"0"}, done.stderr


def test_one_of_a_group_that_may_search_it(root: Account, user: Account, top: Path) -> None:
    for name, group in (("ours", user.gid), ("theirs", root.gid)):
        path = root.directory(top / name, 0o710)
        os.chown(path, root.uid, group)
    done = user(user.python, "-P", "-c", PROGRAM, top / "ours", top / "theirs")
    assert done.stdout.split() == ["0000", "1111"], done.stderr


@pytest.mark.parametrize("name", ["missing", "d" * 300, "d/" * 2100, "a\0b", "file/below"])
def test_what_is_not_known_is_not_left_out(
    top: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (top / "file").touch()
    for which in ("getuid", "geteuid"):
        monkeypatch.setattr(os, which, lambda: 12345)
    assert not is_out_of_reach(f"{top}/{name}".rstrip("/"))
