"""A path that is too long for anybody to say: put together from names, and decided on as any."""

import errno
import os
import shutil
from collections.abc import Iterator

import pytest

from nono.supervisor.linux.calls.answers import DONE, Fail
from nono.supervisor.linux.calls.resolving import long_paths
from tests.playbooks.scene import (
    TOO_LONG,
    Argument,
    Injected,
    Outcome,
    Scene,
)

NAME = "n" * 250
DEEP = 20
THERE = f"carved/dir/{'/'.join([NAME] * DEEP)}"


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
        os.symlink("file", "link", dir_fd=here)
        scene.script.replaced = {f"{scene.top}/{THERE}": "deep", **scene.script.replaced}
        yield here
    finally:
        os.close(here)
        shutil.rmtree(top)


CALLS: list[tuple[str, tuple[Argument, ...], str, Outcome | None]] = [
    ("openat", (b"file", os.O_RDWR), "open READ|WRITE deep/file", None),
    ("openat", (b"link", os.O_RDONLY), "open READ deep/file", None),
    ("openat", (b".", os.O_RDONLY | os.O_DIRECTORY), "open READ deep", None),
    ("openat", (b"empty/../new", os.O_RDWR | os.O_CREAT, 0o600), "create deep/new", None),
    ("mkdirat", (b"new", 0o700), "mkdir deep/new", DONE),
    ("unlinkat", (b"file", 0), "unlink deep/file", DONE),
    ("unlinkat", (b"empty", 0x200), "rmdir deep/empty", DONE),
    ("fchmodat", (b"link", 0o600), "chmod deep/file", DONE),
]


@pytest.mark.parametrize(("name", "arguments", "request_", "answer"), CALLS, ids=str)
def test_it_is_decided_on_and_performed(
    scene: Scene,
    deep: int,
    name: str,
    arguments: tuple[Argument, ...],
    request_: str,
    answer: Outcome | None,
) -> None:
    outcome = scene.play(name, deep, *arguments)
    assert scene.script.said[0] == f"require {request_}"
    if isinstance(outcome, Injected):
        assert answer is None and outcome.path == TOO_LONG
    else:
        assert outcome == answer


@pytest.mark.parametrize(("name", "arguments", "request_", "_"), CALLS, ids=str)
def test_it_is_refused(
    scene: Scene,
    deep: int,
    name: str,
    arguments: tuple[Argument, ...],
    request_: str,
    _: object,
) -> None:
    scene.script.refused[request_] = errno.EACCES
    before = sorted(os.listdir(f"/proc/self/fd/{deep}"))
    assert scene.play(name, deep, *arguments) == Fail(errno.EACCES)
    assert sorted(os.listdir(f"/proc/self/fd/{deep}")) == before


@pytest.mark.parametrize("bound", ["_MAX_LEVELS", "_MAX_NAMES"])
def test_beyond_the_bounds_it_has_no_path(
    scene: Scene, deep: int, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(long_paths, bound, 0)
    for name, arguments, _, _ in CALLS:
        assert scene.play(name, deep, *arguments) == Fail(errno.ENAMETOOLONG)
    there = scene.open("carved", os.O_PATH)
    for ends in ((deep, b"file", there, b"new"), (there, b"file", deep, b"new")):
        for name in ("renameat", "linkat"):
            assert scene.play(name, *ends) == Fail(errno.ENAMETOOLONG)
    assert [words for words in scene.script.said if words.startswith("require")] == []
    assert scene.at("carved/file") == "carved"


def test_moves_from_and_to_there(scene: Scene, deep: int) -> None:
    there = scene.open("carved", os.O_PATH)
    assert scene.play("linkat", deep, b"file", there, b"linked", 0) == DONE
    assert scene.play("renameat", there, b"linked", deep, b"back") == DONE
    said = [words for words in scene.script.said if words.startswith("require")]
    assert said[0] == "require link_from deep/file -> carved/linked"
    assert said[-1].startswith("require rename") and "deep/back" in said[-1]
    assert "back" in os.listdir(f"/proc/self/fd/{deep}")
