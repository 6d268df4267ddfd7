"""What a way leaves again by `..`: a link leads elsewhere, in its place or there already."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Account, Nono

pytestmark = pytest.mark.requires(landlock=2, commands=["git"])

HOOK = "printf '#!/bin/sh\\necho OWNED\\n' >{0}; chmod +x {0}"
MOVE = "rmdir sub; ln -s o/p sub"
COMMIT = "git -c user.name=A -c user.email=a@example.org commit -q --allow-empty -m x"

REFUSED = [
    ("ln -s d/../real x.pem", "**/*.pem"),
    ("ln -s d/../real x.pem", "x.pem"),
    ("ln -s d/../real y; ln -s y x.pem", "**/x.pem"),
    ("ln -s ./d//../real x.pem", "x.pem"),
    ("ln -s d/deep/../../real x.pem", "**/*.pem"),
    ("rmdir d/deep; ln -s d/deep/../../real x.pem", "**/*.pem"),
    ("", "d/../real"),
]
"""What makes the link, and what a person refuses."""


@pytest.mark.lots(kind="way")
@pytest.mark.parametrize(("made", "refused"), REFUSED)
@pytest.mark.parametrize("change", ["rm -r d; ln -s o/p d", "mv d e; ln -s o/p d"])
def test_no_run_takes_the_way_from_the_next(
    nono: Nono, as_user: Account, project: Path, made: str, refused: str, change: str
) -> None:
    as_user.file(project / "real", "secret\n")
    script = f"mkdir -p d/deep o/p/deep; echo x >o/real; echo x >o/p/real; {made}"
    assert as_user("sh", "-c", script, cwd=project).returncode == 0
    flags = ("run", "--allow-cwd", "--deny", refused, "--")
    first = nono(*flags, "sh", "-c", f"touch d/free && echo made; cat real; {change}")
    assert first.stdout == "made\n", first.stderr
    second = nono(*flags, "cat", "real")
    assert second.stdout == "" and "bug" not in first.stderr + second.stderr, second.stderr


@pytest.mark.parametrize(
    ("made", "planted"),
    [
        (f"mkdir sub hooks; git config core.hooksPath sub/../hooks # {MOVE}", "o/hooks/pre-commit"),
        (f"git config core.hooksPath sub/../hooks # {MOVE}", "o/hooks/pre-commit"),
        ("ln -s o/p sub; git config core.hooksPath sub/../hooks", "o/hooks/pre-commit"),
        ("ln -s o/p sub; git config core.hooksPath ./sub//../hooks", "o/hooks/pre-commit"),
        ("ln -s o/p sub; git config core.hooksPath $PWD/sub/../hooks", "o/hooks/pre-commit"),
        (f"mkdir sub; rm -r .git/hooks; ln -s ../sub/../h .git/hooks # {MOVE}", "o/h/pre-commit"),
        ("ln -s o/p sub; rm -r .git/hooks; ln -s ../sub/../h .git/hooks", "o/h/pre-commit"),
        ("mkdir o/b; ln -s o/p sub; echo 'gitdir: sub/../b' >g; cp -r .git/. o/b; rm -r .git;"
         " mv g .git", "o/b/hooks/pre-commit"),
        (f"mkdir sub; mv .git g; echo 'gitdir: sub/../g' >.git # {MOVE}; cp -r g o",
         "o/g/hooks/pre-commit"),
    ],
)  # fmt: skip
def test_git_runs_nothing_that_a_run_wrote(
    nono: Nono, as_user: Account, project: Path, made: str, planted: str
) -> None:
    script = f"git init -q .; mkdir -p o/p o/hooks o/h; {made}"
    done = as_user("sh", "-c", script, cwd=project)
    assert done.returncode == 0, done.stderr
    moving = made.partition("#")[2] or ":"
    first = nono("run", "--allow-cwd", "--", "sh", "-c", f"{moving}; {HOOK.format(planted)}")
    assert "refused" in first.stderr
    second = as_user("sh", "-c", COMMIT, cwd=project)
    assert "OWNED" not in second.stdout + second.stderr


@pytest.mark.parametrize("key", ["include.path", "includeIf.gitdir:**.path"])
def test_git_reads_no_configuration_that_a_run_wrote(
    nono: Nono, as_user: Account, project: Path, key: str
) -> None:
    script = f"git init -q .; mkdir -p o/p sub; touch inc; git config '{key}' ../sub/../inc"
    assert as_user("sh", "-c", script, cwd=project).returncode == 0
    nono("run", "--allow-cwd", "--", "sh", "-c", f"{MOVE}; printf '[a]\\nb=OWNED\\n' >o/inc")
    assert "OWNED" not in as_user("git", "config", "--list", cwd=project).stdout
    assert (project / "sub").is_dir() and not (project / "sub").is_symlink()


def test_an_editor_reads_nothing_that_a_run_wrote(
    nono: Nono, as_user: Account, project: Path
) -> None:
    script = "mkdir -p sub o/p o/vs vs; ln -s sub/../vs .vscode"
    assert as_user("sh", "-c", script, cwd=project).returncode == 0
    first = nono("run", "--allow-cwd", "--", "sh", "-c", f"{MOVE}; touch o/vs/tasks.json sub/free")
    assert "sub: denied by group protect_start_files (.vscode)" in first.stderr
    assert not (project / ".vscode/tasks.json").exists() and (project / "sub/free").exists()


def test_a_repository_beside_its_configuration_is_as_free_as_ever(
    nono: Nono, as_user: Account, project: Path
) -> None:
    """`../inc` goes up from `.git`, which stays by what is in it."""
    script = "git init -q .; touch inc; git config include.path ../inc"
    assert as_user("sh", "-c", script, cwd=project).returncode == 0
    done = nono("run", "--allow-cwd", "--", "sh", "-c", f"chmod 755 .git && {COMMIT}")
    assert done.returncode == 0, done.stderr


def test_a_remote_is_no_place_that_may_be_elsewhere_later(
    nono: Nono, as_user: Account, project: Path
) -> None:
    """What is fetched from and pushed to outside is the same repository that it was."""
    work = as_user.directory(project / "w")
    script = "git init -q . && git init -q --bare ../bare.git && mkdir sub"
    assert as_user("sh", "-c", script, cwd=work).returncode == 0
    adding = "git remote add {0} {1} && echo {0}"
    for name, path, said in (("a", "../bare.git", "a\n"), ("b", "sub/../../bare.git", "")):
        done = nono("run", "--allow-cwd", "--", "sh", "-c", adding.format(name, path), cwd=work)
        assert done.stdout == said, done.stderr


@pytest.mark.parametrize("url", ["sub/../hk", "led/../hk", "way/hk"])
def test_a_push_goes_where_it_did(nono: Nono, as_user: Account, project: Path, url: str) -> None:
    script = (
        "mkdir -p sub o/p; ln -s sub led; ln -s . way; git init -q .; git init -q --bare hk;"
        f" git remote add r {url}; git config push.default current; {COMMIT}; git push -q r"
    )
    done = as_user("sh", "-c", script, cwd=project)
    assert done.returncode == 0, done.stderr
    hook = HOOK.format("o/hk/hooks/post-receive")
    moves = f"{MOVE}; rm led; ln -s o/p led; rm way; ln -s o way; touch sub/free"
    first = nono(
        "run", "--allow-cwd", "--", "sh", "-c", f"git init -q --bare o/hk; {hook}; {moves}"
    )
    assert "refused" in first.stderr and "bug" not in first.stderr
    second = as_user("sh", "-c", f"{COMMIT}; git push r", cwd=project)
    assert second.returncode == 0 and "OWNED" not in second.stdout + second.stderr, second.stderr


@pytest.mark.parametrize(
    ("path", "is_told"), [("../../bare.git", False), ("../sub/../../bare.git", True)]
)
def test_a_remote_of_a_new_repository_is_told_of(
    nono: Nono, as_user: Account, project: Path, path: str, is_told: bool
) -> None:
    work = as_user.directory(project / "w")
    script = "git init -q --bare ../bare.git && mkdir sub"
    assert as_user("sh", "-c", script, cwd=work).returncode == 0
    script = f"git init -q new && git -C new remote add a {path}"
    done = nono("run", "--allow-cwd", "--", "sh", "-c", script, cwd=work)
    assert done.returncode == 0 and ("new/.git/config" in done.stderr) is is_told, done.stderr


@pytest.mark.parametrize(
    ("named", "change"),
    [
        ("../wt", "mv wt s; ln -s {0} wt"),
        ("../led", "rm led; ln -s {0} led"),
        ("../led", "mv wt s; ln -s {0} wt"),
        ("../gone", "ln -s {0} gone"),
        ("../src/..", "mv src s; ln -s {0}/deep src"),
        ("../led/../wt", "rm led; ln -s {0}/deep led"),
        ('"../wt"# here', "mv wt s; ln -s {0} wt"),
    ],
)
def test_git_writes_the_files_of_a_branch_where_it_did(
    nono: Nono, as_user: Account, project: Path, named: str, change: str
) -> None:
    victim = as_user.directory(project.parent / f"{project.name}-victim")
    script = f"mkdir -p wt src {victim}/deep {victim}/wt; ln -s wt led; git init -q ."
    assert as_user("sh", "-c", f"{script}; {COMMIT}", cwd=project).returncode == 0
    commit = "echo x >evil; git add evil; git " + COMMIT.removeprefix("git ")
    script = f"{commit}; {change.format(victim)}"
    config = (project / ".git/config").read_text()
    as_user.file(project / ".git/config", f"{config}[core]\n\tworktree = {named}\n")
    first = nono("run", "--allow-cwd", "--", "sh", "-c", script)
    assert "refused" in first.stderr, first.stderr
    as_user("git", "checkout", "-f", cwd=project)
    assert not [*victim.rglob("evil")]


def test_a_work_tree_beside_its_repository_is_free(
    nono: Nono, as_user: Account, project: Path
) -> None:
    """All but what starts by itself; hooks are those that git looks for in there."""
    script = "mkdir wt src; git init -q .; git config core.hooksPath hk; git config core.worktree "
    assert as_user("sh", "-c", f"{script} ../wt", cwd=project).returncode == 0
    script = f"touch wt/x; mkdir wt/d; mv src s; {COMMIT}; mkdir -p hk wt/hk; touch wt/.envrc"
    done = nono("run", "--allow-cwd", "--", "sh", "-c", script)
    assert (project / "wt/x").exists() and (project / "wt/d").is_dir() and (project / "s").is_dir()
    assert not (project / "wt/hk").exists() and not (project / "wt/.envrc").exists(), done.stderr
