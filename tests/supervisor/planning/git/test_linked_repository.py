"""The repository of a work tree and of a submodule: opened where it says itself whose it is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from nono.broker import Access, Allow, Execute, Open, Operation, PathChange, Policy
from nono.broker.requests import NOBODY
from nono.supervisor import Options, make_plan

pytestmark = pytest.mark.requires(commands=["git"])

AS = ("-c", "user.name=n", "-c", "user.email=e@x.example", "-c", "protocol.file.allow=always")


def git(where: Path, *words: str) -> None:
    env = {"PATH": os.environ["PATH"], "HOME": str(where), "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", *AS, *words], cwd=where, env=env, check=True, capture_output=True)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`main` with a submodule `sub`, its work tree `tree`, and a stranger's repository `other`."""
    top = tmp_path_factory.mktemp("repositories").resolve()
    for name in ("main", "other", "part"):
        (top / name).mkdir()
        git(top / name, "init", "-q")
        git(top / name, "commit", "-q", "--allow-empty", "-m", "first")
    git(top / "main", "submodule", "add", "-q", "../part", "sub")
    git(top / "main", "commit", "-q", "-m", "second")
    git(top / "main", "worktree", "add", "-q", "../tree")
    git(top / "other", "worktree", "add", "-q", "../stranger")
    return top


def policy(workdir: Path, **options: object) -> Policy:
    env = {"HOME": "/nonexistent", "PATH": "/usr/bin"}
    made = Options(workdir=str(workdir), **{"allow_cwd": True, **options})  # type: ignore[arg-type]
    return make_plan(made, (), env).policy


def reads(made: Policy, path: Path) -> bool:
    return isinstance(made.decide(Open(NOBODY, str(path), Access.READ)), Allow)


def writes(made: Policy, path: Path) -> bool:
    opened = made.decide(Open(NOBODY, str(path), Access.WRITE))
    created = made.decide(PathChange(NOBODY, Operation.CREATE, str(path)))
    return isinstance(opened, Allow) and isinstance(created, Allow)


def runs(made: Policy, path: Path) -> bool:
    return isinstance(made.decide(Execute(NOBODY, str(path))), Allow)


def test_a_work_tree(place: Path) -> None:
    made = policy(place / "tree")
    common = place / "main/.git"
    for name in ("config", "HEAD", "objects/x", "packed-refs", "hooks/pre-commit", "info/exclude"):
        assert reads(made, common / name), name
    for name in ("worktrees/tree/index.lock", "objects/00/1", "refs/heads/tree", "logs/refs/x"):
        assert writes(made, common / name), name
    for name in (
        *("config", "HEAD", "index", "packed-refs", "hooks/pre-commit", "info/attributes"),
        *("objects/info/alternates", "worktrees/other/HEAD", "worktrees/tree/config.worktree"),
        *("modules/sub/config", "modules/sub/HEAD"),
    ):
        assert not writes(made, common / name), name
    assert not reads(made, place / "main/file")
    assert runs(made, common / "hooks/pre-commit") and not runs(made, common / "info/x")

    unasked = policy(place / "tree", allow_cwd=False)
    assert not reads(unasked, common / "HEAD")


def test_only_to_read(place: Path, tmp_path: Path) -> None:
    profile = tmp_path / "p.json"
    profile.write_text('{"workdir": {"access": "read"}}')
    made = policy(place / "tree", allow_cwd=False, profile=str(profile))
    assert reads(made, place / "main/.git/HEAD")
    assert not writes(made, place / "main/.git/objects/00/1")


def test_a_submodule(place: Path) -> None:
    made = policy(place / "main/sub")
    own = place / "main/.git/modules/sub"
    for name in ("HEAD", "index.lock", "objects/00/1", "refs/heads/x"):
        assert writes(made, own / name), name
    assert reads(made, own / "config")
    for name in ("config", "hooks/pre-commit"):
        assert not writes(made, own / name), name
    assert not reads(made, place / "main/.git/HEAD")


@pytest.mark.parametrize(
    "text",
    [
        "gitdir: {0}/other/.git",
        "gitdir: {0}/other/.git/worktrees/stranger",
        "gitdir: {0}/main/.git/worktrees/tree",
        "gitdir: {0}/main/.git/modules/sub",
        "gitdir: {0}/other",
        "gitdir: {0}",
        "gitdir: /",
        "gitdir: ",
        "nothing",
        "gitdir: {0}/main/.git/worktrees/tree\0x",
    ],
)
def test_what_is_not_said_by_the_repository_opens_nothing(
    place: Path, tmp_path: Path, text: str
) -> None:
    """An earlier run may have written the file, and all else in its directory."""
    work = tmp_path.resolve() / "work"
    work.mkdir()
    (work / ".git").write_text(text.format(place))
    made = policy(work)
    for repository in ("main", "other"):
        for name in (".git/HEAD", ".git/config", ".git/objects/x", "file"):
            assert not reads(made, place / repository / name)
    assert not reads(made, place / "main/.git/modules/sub/HEAD")


def test_links_in_a_repository_lead_nowhere(place: Path, tmp_path: Path) -> None:
    work, fake = tmp_path.resolve() / "work", tmp_path.resolve() / "fake"
    part = fake / "worktrees/w"
    part.mkdir(parents=True)
    work.mkdir()
    (work / ".git").write_text(f"gitdir: {part}\n")
    (part / "gitdir").write_text(f"{work}/.git\n")
    (part / "commondir").write_text("../..\n")
    (fake / "HEAD").write_text("ref: refs/heads/x\n")
    (fake / "refs").mkdir()
    (fake / "objects").symlink_to(place / "other")
    assert not reads(policy(work), fake / "HEAD")
    (fake / "objects").unlink()
    (fake / "objects").mkdir()
    (fake / "logs").symlink_to(place / "other")
    made = policy(work)
    assert reads(made, fake / "HEAD") and writes(made, fake / "objects/x")
    assert not reads(made, place / "other/.git/HEAD")
    assert not writes(made, fake / "logs/x")
    (work / ".git").unlink()
    (work / ".git").symlink_to(place / "tree/.git")
    assert not reads(policy(work), place / "main/.git/HEAD")


def test_of_a_repository_among_other_things_only_what_is_gits(place: Path, tmp_path: Path) -> None:
    """A run may have made one around what it may not read."""
    top = tmp_path.resolve()
    git(top, "clone", "-q", "--bare", str(place / "main"), "all")
    (top / "all/secrets").mkdir()
    (top / "all/.env").touch()
    git(top / "all", "worktree", "add", "-q", "../tree")
    made = policy(top / "tree")
    assert reads(made, top / "all/config") and reads(made, top / "all/objects/x")
    assert not reads(made, top / "all/.env") and not reads(made, top / "all/secrets/key")
