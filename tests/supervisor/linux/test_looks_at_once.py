"""Looks that are made in one call find what they find one by one, whatever is there."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nono.shims.linux.looks import can_look
from nono.supervisor.kinds_of_looks import FEW, KINDS, MAX_CONTENT, MAX_NAMES
from nono.supervisor.linux.looks_at_once import digest, divided
from nono.supervisor.noted_looks import digest_now

if TYPE_CHECKING:
    from nono.supervisor.noted_looks import Asked

_USERS = sorted(
    {os.geteuid(), pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()}
)
_READING = os.O_RDONLY | os.O_NONBLOCK
_NOT_THERE = ("missing", "a/missing", "x" * 300, "/".join(["y" * 200] * 25), "")
NAMES = st.sampled_from(
    [
        "a",
        "A",
        ".git",
        "new\nline",
        "\udcff",
        "é",
        "=",
        "!2",
        "n" * 255,
        *(f"{n}" for n in range(3)),
    ]
)
CONTENTS = ["", "x", "x" * 63 + "\n", "y" * 70_000]
"""For one as long as a block of the digest, and some that end elsewhere."""
THINGS = st.sampled_from(
    [
        *(("file", content) for content in CONTENTS),
        *(("link", target) for target in ("a", "../a", "/proc/sys", "loop", "\udcfe", "t" * 4000)),
        *(("hard link", ""), ("fifo", ""), ("directory", ""), ("shut", ""), ("shut file", "")),
        *(("old", ""), ("others", "")),
    ]
)
TREES = st.lists(st.tuples(NAMES, NAMES, THINGS), max_size=12)


def put(path: str, kind: str, what: str) -> None:
    """Nothing where that cannot be."""
    if kind in ("file", "shut file", "old", "others"):
        with open(path, "xb") as file:  # a FIFO there would be waited for
            file.write(what.encode())
    if kind == "link":
        os.symlink(what, path)
    if kind == "hard link":
        os.link(f"{os.path.dirname(path)}/a", path, follow_symlinks=False)
    if kind == "fifo":
        os.mkfifo(path)
    if kind in ("directory", "shut"):
        os.mkdir(path)
    if kind.startswith("shut"):
        os.chmod(path, 0)
    if kind == "old":
        os.utime(path, ns=(-1_500_000_000, -1_500_000_000))
    if kind == "others":
        os.chmod(path, 0o4711)


def is_inside(path: str, root: str) -> bool:
    return os.path.realpath(path).startswith(f"{os.path.realpath(root)}/")


def grow(root: str, tree: list[tuple[str, str, tuple[str, str]]]) -> list[str]:
    """The paths that there are by then, and some that there are not."""
    os.chmod(root, 0o755)
    for directory, name, thing in tree:
        try:
            place = root if directory == "0" else f"{root}/{directory}"
            if is_inside(f"{place}/{name}", root):  # a link may lead anywhere
                os.makedirs(place, exist_ok=True)
                put(f"{place}/{name}", *thing)
        except OSError:
            continue
    found = [
        os.path.join(at, each) for at, *both in os.walk(root) for names in both for each in names
    ]
    return [root, *found, *(f"{root}/{name}" for name in _NOT_THERE)]


def looks_at(path: str, names: tuple[str, ...]) -> Iterator[Asked]:
    """All that may be asked about a path."""
    yield from ((kind, path) for kind in ("lstat", "stat", "links", "readlink", "lists"))
    yield from ((kind, path) for kind in ("listdir", "scandir", "inodes"))
    yield from (("file", path, follows) for follows in (True, False))
    yield from (("access", path, mode) for mode in (os.F_OK, os.R_OK, os.W_OK, os.X_OK))
    yield from (("larger", path, size) for size in (0, 1, 64, 1 << 40))
    yield from (("apart", path, most) for most in (0, 1, 3, 1000))
    yield from (("bytes", path, size) for size in (0, 1, 64, 1 << 20))
    yield from (("opened", path, flags) for flags in (_READING, _READING | os.O_NOFOLLOW))
    yield ("opened", path, _READING | os.O_DIRECTORY)
    yield ("sources", path, path)
    yield ("settled", path)
    yield from (("leaf", path, links, size) for links in (2, 3) for size in (41, 1 << 19))
    for asked in ((), names, (*names, *(f"more{n}" for n in range(FEW)))):
        yield from ((kind, path, asked) for kind in ("there", "directories", "folded", "linked"))


@contextlib.contextmanager
def rights_of(user: int) -> Iterator[None]:
    """Of the file system; those of the process are as they were."""
    before = os.geteuid()
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(before)


def unlike(asked: list[Asked]) -> list[str]:
    """The looks that find something else in one call, one by one and all together."""
    found = [each for each in asked if digest(divided([each])[0]) != digest_now([each])]
    packed, at_once, others = divided(asked)
    if others or digest(packed) != digest_now(at_once):
        found.append(("all", *others))
    return [repr(each) for each in found]


@pytest.mark.parametrize("user", _USERS)
@given(tree=TREES)
@example(tree=[("0", name, ("file", "")) for name in ("a", "b", "\udcff")])
@example(tree=[("0", "a", ("file", "")), ("0", "A", ("link", "a")), ("0", "fifo", ("fifo", ""))])
@example(tree=[("0", "a", ("file", "x")), ("0", "other", ("hard link", ""))])
@example(tree=[("0", "é", ("link", "a")), ("0", "old", ("old", ""))])
@example(tree=[("0", "a", ("shut", "")), ("a", "b", ("file", ""))])
def test_they_find_the_same(user: int, tree: list[tuple[str, str, tuple[str, str]]]) -> None:
    assert can_look()  # another user may not be able to read where it lies
    root = mkdtemp()
    try:
        paths = grow(root, tree)
        names = tuple(sorted({os.path.basename(path) for path in paths} - {""}))
        lowered = tuple(sorted({name.lower() for name in names}))
        asked = [each for path in paths for each in looks_at(path, names)]
        asked += [("folded", path, lowered) for path in paths]
        with rights_of(user):
            assert unlike(asked) == []
    finally:
        for at, directories, _ in os.walk(root):
            for each in directories:
                if not os.path.islink(f"{at}/{each}"):  # which may lead to /
                    os.chmod(f"{at}/{each}", 0o700)
        shutil.rmtree(root)


def test_files_of_the_kernel_find_the_same() -> None:
    """Such as those that have no size, and those whose size is not what they have."""
    paths = ("/proc/self/status", "/proc/sys/kernel/ostype", "/dev/null", "/dev/zero", "/proc")
    asked: list[Asked] = [("opened", path, _READING) for path in paths[1:]]
    asked += [(kind, path, 1 << 20) for kind in ("larger", "bytes") for path in paths]
    assert unlike(asked) == []


def test_too_much_is_too_much_for_both(tmp_path: Path) -> None:
    large, many = tmp_path / "large", tmp_path / "many"
    many.mkdir()
    for size in (MAX_CONTENT, MAX_CONTENT + 1):
        large.write_bytes(b"x" * size)
        assert unlike([("opened", str(large), _READING)]) == []
    for number in range(MAX_NAMES):
        os.mknod(many / f"{number}")
    names = tuple(f"{number}" for number in range(0, MAX_NAMES, 500))
    kinds = ("there", "folded", "directories", "linked")
    asked = [*((kind, str(many), names) for kind in kinds), ("scandir", str(many))]
    assert unlike(asked) == []
    os.mknod(many / "more")
    assert unlike(asked) == []


@pytest.mark.parametrize(
    "asked",
    [
        *(("lstat", "nul\0"), ("lstat", "\ud800"), ("bytes", "/", 1 << 40), ("bytes", "/", -1)),
        *(("apart", "/", 1 << 40), ("there", "/", ("nul\0",)), ("access", "/", -1)),
        *(("realpath", "/"), ("folds", "/", None)),
    ],
)
def test_what_cannot_be_said_is_left(asked: Asked) -> None:
    assert divided([asked]) == (b"", [], [asked])


def test_without_a_compiler_all_are_made_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nono.supervisor.linux.looks_at_once.can_look", lambda: False)
    assert divided([("lstat", "/")]) == (b"", [], [("lstat", "/")])


def test_most_kinds_are_made_at_once() -> None:
    left = {kind for kind in KINDS if not divided([(kind, *_words_of(kind))])[0]}
    assert left == {"source", "realpath", "among", "folds", "exact"}


def _words_of(kind: str) -> tuple[object, ...]:
    if kind in ("there", "directories", "folded", "linked"):
        return "/", ("name",)
    if kind == "leaf":
        return "/", 2, 1
    return ("/", 1) if kind in ("file", "larger", "access", "apart", "opened", "bytes") else ("/",)
