"""A run closes a directory to its owner, and the next one reads or writes what is hidden then."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Nono, program_beside

pytestmark = pytest.mark.requires(landlock=2)

CLOSE = program_beside(__file__, "close_directories.py")
RUN = ("run", "--allow-cwd")


def shell(as_user: Account, script: str, cwd: Path) -> None:
    done = as_user("/bin/sh", "-ec", script, cwd=cwd)
    assert done.returncode == 0, done.stderr


def closed(nono: Nono, options: tuple[str, ...], *directories: str) -> set[str]:
    """Those that could be closed in some way; each is open again."""
    done = nono(*RUN, *options, "--", "/usr/bin/python3", "-c", CLOSE, *directories)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 7 * len(directories)
    return {line.split()[0] for line in done.stdout.splitlines() if line.endswith("WON")}


def test_a_directory_above_what_is_refused_stays_open_to_its_owner(
    nono: Nono, as_user: Account, project: Path
) -> None:
    shell(
        as_user,
        "mkdir -p sub/vault keys/deep real/x links other/deep\n"
        "echo K >sub/vault/k; ln sub/vault/k pub2; echo P >keys/deep/x.pem\n"
        "ln -s ../real/x links/l.pem; mkdir names; ln keys/deep/x.pem names/pub",
        project,
    )
    options = ("--deny", "sub/vault", "--deny", "**/*.pem")
    directories = ("sub", "keys", "keys/deep", "links", "real", "names", "other", "other/deep")
    assert closed(nono, options, *directories) == {"other", "other/deep"}
    assert closed(nono, (), "sub") == {"sub"}, "nothing is refused in it"
    done = nono(*RUN, *options, "--", "/bin/sh", "-c", "chmod 0 sub")
    assert "take from its owner the right to look into" in done.stderr
    assert "would not be seen there at the next start" in done.stderr


@BY_A_USER
@pytest.mark.requires(commands=["git"])
def test_a_directory_of_git_stays_open_to_its_owner(
    nono: Nono, as_user: Account, project: Path
) -> None:
    git = "git -c user.name=a -c user.email=a@b -c protocol.file.allow=always"
    shell(
        as_user,
        f"git init -q up; {git} -C up commit -q --allow-empty -m x; git init -q proj; cd proj\n"
        f"{git} commit -q --allow-empty -m 0; git branch plain\n"
        f"{git} submodule add -q ../up sub; {git} commit -qm s; git checkout -q plain; rm -rf sub\n"
        "git worktree add -q ../wt -b other\n"
        "mkdir -p ../cfg ../real/vscode; ln -s ../real/vscode ../cfg/l; ln -s cfg/l ../.vscode",
        project,
    )
    git_directories = ("", "/modules", "/modules/sub", "/worktrees", "/worktrees/wt")
    kept = [f"proj/.git{each}" for each in git_directories] + ["cfg", "real", "proj", "wt"]
    assert closed(nono, (), *kept, "proj/.git/objects", "proj/.git/refs") == {
        "proj/.git/objects",
        "proj/.git/refs",
    }
