"""The index is read as git reads it: what it takes for a repository, however the index is kept."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

from nono.broker.errors import NotUnderstoodError
from nono.broker.git_index import MAX_BYTES, gitlinks

pytestmark = pytest.mark.requires(commands=["git"])

LINKS = ["a", "b/c", "b/" + "long" * 1100, "é", "z" * 0xFFE, "z" * 0xFFF, "z" * 0x1000]
FILES = ["b/a", "b/b/c", "x", "z/y"]
HASH = {"sha1": 40, "sha256": 64}


def index(place: Path, version: int, kind: str, extra: int = 0) -> bytes:
    """As git writes it, with some entries that are extended and some of several stages."""

    def git(*arguments: str, given: str = "") -> None:
        environment = {"PATH": os.environ["PATH"], "HOME": str(place)}
        command = ["git", "-c", "index.threads=4", *arguments]
        subprocess.run(command, cwd=place, env=environment, input=given.encode(), check=True)

    git("init", "-q", f"--object-format={kind}", ".")
    name = "1" * HASH[kind]
    lines = [f"160000 {name} 0\t{path}\0" for path in LINKS]
    lines += [f"100644 {name} 0\t{path}\0" for path in FILES]
    lines += [f"100644 {name} {stage}\tconflict\0" for stage in (1, 2, 3)]
    lines += [f"100644 {name} 0\tmany/{number}\0" for number in range(extra)]
    git("update-index", "-z", "--index-info", given="".join(lines))
    git("update-index", "--skip-worktree", "x")
    git("update-index", "--index-version", str(version))
    return (place / ".git/index").read_bytes()


@pytest.mark.parametrize("kind", HASH)
@pytest.mark.parametrize("version", [2, 3, 4])
def test_what_git_writes(tmp_path: Path, version: int, kind: str) -> None:
    data = index(tmp_path, version, kind)
    assert gitlinks(data) == sorted(path.encode() for path in LINKS)


@pytest.mark.parametrize("version", [2, 4])
def test_an_index_in_blocks(tmp_path: Path, version: int) -> None:
    data = index(tmp_path, version, "sha1", 41_000)
    assert b"IEOT" in data
    assert len(gitlinks(data)) == len(LINKS)
    at = data.find(b"IEOT") + 12
    moved = data[:at] + (int.from_bytes(data[at : at + 4]) + 8).to_bytes(4) + data[at + 4 :]
    with pytest.raises(NotUnderstoodError):
        gitlinks(moved)


def test_any_bytes_end_in_an_answer(tmp_path: Path) -> None:
    """Nothing but the one error, and no time without a bound."""
    data, chance = bytearray(index(tmp_path, 4, "sha1")), random.Random(1)
    for _ in range(300):
        changed = bytearray(data)
        for _ in range(chance.randrange(1, 4)):
            changed[chance.randrange(8, len(changed))] = chance.randrange(256)
        try:
            gitlinks(bytes(changed[: chance.randrange(12, len(changed))]))
        except NotUnderstoodError:
            continue


@pytest.mark.parametrize(
    "data", [b"", b"DIRC", b"x" * 99, b"DIRC\0\0\0\5\0\0\0\1", b"DIRC\0\0\0\2"]
)
def test_what_git_does_not_read(data: bytes) -> None:
    assert gitlinks(data) == []


@pytest.mark.parametrize(
    "data",
    [
        b"DIRC\0\0\0\2\xff\xff\xff\xff" + b"\0" * 99,
        b"DIRC\0\0\0\2\0\0\0\1" + b"\0" * 20,
        b"DIRC\0\0\0\2\0\0\0\0".ljust(MAX_BYTES + 1, b"\0"),
    ],
)
def test_what_is_doubtful(data: bytes) -> None:
    with pytest.raises(NotUnderstoodError):
        gitlinks(data)
