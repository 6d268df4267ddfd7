"""The machine's file system as the floor sees it: what is told without a listing is told right."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from nono.broker import ALL_ACCESS, Effect, Glob, Origin, OriginKind, Rule, Subtree
from nono.broker.floor.wildcards import BoundedTree, WildcardSearch
from nono.supervisor.decisions.tree import RealTree
from tests.conftest import Account, program_beside

FLAG = Origin(OriginKind.FLAG, "--deny")
NAMES = ("a", "b.pem", ".env", ".ENV", ".git", "config", "sub", "x" * 255)
ENDS = (".env", ".git/config", "*.pem", "[.]env", "sub/**", "sub/.env", "a", "y" * 300, "?", "*/a")
MOUNTED = """
mount -t tmpfs none "$0/a/mounted" && mkdir "$0/a/mounted/deep" && : > "$0/a/mounted/deep/.env"
mount --bind "$0/a/mounted" "$0/a/bound" && : > "$0/a/.env"
exec "$@"
"""

pytestmark = pytest.mark.requires(landlock=1)  # only file systems of Linux are believed


class Plain(RealTree):
    """Lists every directory."""

    def files(self, path: str, names: Collection[str] | None) -> list[str] | None:
        return None


@pytest.fixture(params=["/dev/shm", "/var/tmp"])
def top(request: pytest.FixtureRequest) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="nono-tree-", dir=request.param) as place:
        yield Path(place)


def matches(tree: RealTree, top: Path, ends: Collection[str]) -> set[str]:
    rules = [Rule(Glob(f"{top}/**/{end}"), ALL_ACCESS, Effect.DENY, FLAG) for end in ends]
    search = WildcardSearch(rules, (), BoundedTree(tree, 100_000))
    patterns = [each.pattern for each in search.run([str(top)], lambda _: False)]
    return {each.path for each in patterns if isinstance(each, Subtree)}


def fill(directory: Path, chosen: random.Random, depth: int) -> None:
    """With directories, files, hard links, and links that lead anywhere."""
    for name in chosen.sample(NAMES, chosen.randrange(len(NAMES))):
        made = directory / name
        match chosen.randrange(5 if depth else 3):
            case 0:
                made.touch()
            case 1:
                made.symlink_to(chosen.choice(["..", "missing", "."]))
            case 2:
                file = directory / f"{len(name)}-{chosen.random()}"
                file.touch()
                os.link(file, made)
            case _:
                made.mkdir()
                fill(made, chosen, depth - 1)


@pytest.mark.parametrize("seed", range(25))
def test_it_finds_what_a_walk_through_everything_finds(top: Path, seed: int) -> None:
    chosen = random.Random(seed)
    fill(top, chosen, 4)
    for end in ENDS:
        assert matches(RealTree(), top, [end]) == matches(Plain(), top, [end]), end
    for _ in range(10):
        ends = chosen.sample(ENDS, 3)
        assert matches(RealTree(), top, ends) == matches(Plain(), top, ends), ends


def test_directories_that_come_and_go_are_found_as_they_are(top: Path) -> None:
    inner = top / "a" / "sub"
    for _ in range(3):
        assert RealTree().files(str(top), [".env"]) == []
        inner.mkdir(parents=True)
        (inner / ".env").touch()
        assert RealTree().files(str(top), [".env"]) is None
        assert RealTree().files(str(inner), [".env", "x"]) == [".env"]
        assert matches(RealTree(), top, [".env"]) == {str(inner / ".env")}
        inner.rename(top / "moved")
        assert matches(RealTree(), top, [".env"]) == {str(top / "moved" / ".env")}
        (top / "moved" / ".env").unlink()
        (top / "moved").rmdir()
        (top / "a").rmdir()


def test_a_deep_chain_and_a_directory_with_very_many_files(top: Path) -> None:
    chain = top.joinpath(*["d"] * 300)
    chain.mkdir(parents=True)
    (chain / ".env").touch()
    wide = top / "wide"
    wide.mkdir()
    for number in range(3000):
        (wide / f"{number}").touch()
    (wide / ".env").symlink_to("missing")
    assert matches(RealTree(), top, [".env"]) == {str(chain / ".env"), str(wide / ".env")}


def test_what_cannot_be_told_is_listed(top: Path) -> None:
    (top / "file").touch()
    for path in (top / "file", top / "missing", top / "to", Path("/proc/self/fd"), Path("/")):
        assert RealTree().files(str(path), [".env"]) is None
    for name in ("y" * 300, "a\0b", "\ud800"):
        assert RealTree().files(str(top), [name]) is None


def test_what_cannot_be_listed_is_not_taken_for_empty(top: Path) -> None:
    (top / "file").touch()
    assert RealTree().scan(f"{top}/file") == RealTree().scan(f"{top}/missing") == []
    for path in (f"{top}/{'d' * 300}", f"{top}/{'d/' * 2100}x", "a\0b"):
        assert RealTree().scan(path) is None
    assert RealTree().entries("a\0b") == []


def test_no_more_is_listed_than_asked_for(top: Path) -> None:
    for number in range(9):
        (top / str(number)).touch()
    assert len(RealTree().scan(str(top), 4) or ()) == 4
    assert len(RealTree().scan(str(top)) or ()) == 9


def test_what_may_be_executed(top: Path) -> None:
    for mode in (0o644, 0o744, 0o611):
        (top / str(mode)).touch(mode)
        assert RealTree().may_run(f"{top}/{mode}") is bool(mode & 0o111)
    (top / "link").symlink_to(str(0o744))
    assert not RealTree().may_run(f"{top}/link") and not RealTree().may_run(str(top))
    assert RealTree().may_run(f"{top}/missing")


def test_what_nobody_of_ours_comes_to_is_nothing(root: Account, user: Account, top: Path) -> None:
    top.chmod(0o755)
    for name, mode in (("closed", 0o700), ("searched", 0o711)):
        root.directory(top / name, mode)
    look = (
        "import sys; from nono.supervisor.decisions.tree import RealTree;"
        "print(*map(RealTree().scan, sys.argv[1:]))"
    )
    done = user(user.python, "-P", "-c", look, top / "closed", top / "searched")
    assert done.stdout == "[] None\n", done.stderr


def test_where_names_may_fold_it_is_listed(top: Path) -> None:
    listed = []
    tree = RealTree(lambda path, _: listed.append(path), lambda path: path.endswith("a"))
    for name in ("a", "b"):
        (top / name).mkdir()
        (top / name / ".env").touch()
    assert matches(tree, top, [".env"]) == {f"{top}/{name}/.env" for name in "ab"}
    assert sorted(listed) == [str(top), f"{top}/a"]


@pytest.mark.requires(commands=["unshare", "mount"])
def test_what_is_mounted_there_is_found(root: Account, top: Path) -> None:
    for name in ("mounted", "bound"):
        (top / "a" / name).mkdir(parents=True)
    (top / "a" / "mounted" / "deep").mkdir()
    program = program_beside(__file__, "in_mounts.py")
    wrapped = ("unshare", "--mount", "sh", "-ec", MOUNTED, top, root.python, "-c", program)
    done = root(*wrapped, top, cwd=top)
    assert done.returncode == 0, done.stderr
    expected = [f"{top}/{name}/deep/.env" for name in ("a/bound", "a/mounted")]
    assert done.stdout.split() == [f"{top}/a/.env", *expected]
