"""A path that is too long for anybody to say: the object is there, and nothing can be decided."""

import errno
import os
import shutil
from collections.abc import Iterator

import pytest

from nono.supervisor.linux.calls.answers import Fail
from tests.supervisor.linux.calls.playbooks.scene import Argument, Scene

NAME = "n" * 250
DEEP = 20


@pytest.fixture
def deep(scene: Scene) -> Iterator[int]:
    """A directory whose path has more than PATH_MAX bytes, with a file in it."""
    top = str(scene.top / "carved/dir")
    here = os.open(top, os.O_PATH)
    try:
        for _ in range(DEEP):
            os.mkdir(NAME, dir_fd=here)
            below = os.open(NAME, os.O_PATH, dir_fd=here)
            os.close(here)
            here = below
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=here))
        os.mkdir("empty", dir_fd=here)
        yield here
    finally:
        os.close(here)
        shutil.rmtree(top)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("openat", (b"file", os.O_RDWR)),
        ("openat", (b"new", os.O_RDWR | os.O_CREAT, 0o600)),
        ("mkdirat", (b"new", 0o700)),
        ("unlinkat", (b"file", 0)),
        ("unlinkat", (b"empty", 0x200)),
        ("fchmodat", (b"file", 0o600)),
        ("execveat", (b"file", 0, 0, 0)),
    ],
    ids=str,
)
def test_it_is_refused_and_no_descriptor_stays(
    scene: Scene, deep: int, name: str, arguments: tuple[Argument, ...]
) -> None:
    assert scene.play(name, deep, *arguments) == Fail(errno.ENAMETOOLONG)
    assert [words for words in scene.script.said if words.startswith("require")] == []


def test_a_move_from_or_to_there_is_refused(scene: Scene, deep: int) -> None:
    there = scene.open("carved", os.O_PATH)
    for ends in ((deep, b"file", there, b"new"), (there, b"file", deep, b"new")):
        for name in ("renameat", "linkat"):
            assert scene.play(name, *ends) == Fail(errno.ENAMETOOLONG)
    assert scene.at("carved/file") == "carved"
