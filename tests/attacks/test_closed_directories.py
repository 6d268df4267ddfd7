"""A run closes a directory to its owner, and the next one reads or writes what is hidden then."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Nono, program_beside

pytestmark = pytest.mark.requires(landlock=2)

CLOSE = program_beside(__file__, "close_directories.py")
LONG = program_beside(__file__, "long_names.py")
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
    assert "take r or x from the owner of" in done.stderr
    assert "would not be seen there at the next start" in done.stderr


@pytest.mark.parametrize("as_user", ["root"], indirect=True)
def test_root_gives_no_directory_above_what_is_refused_to_another_owner(
    nono: Nono, as_user: Account, project: Path
) -> None:
    """The one whose it was would not see there, at the next start, what other names it has."""
    shell(as_user, "mkdir -p sub/vault free; echo K >sub/vault/k; chmod 700 sub", project)
    give = "chown 65534 sub; chown 0:65534 sub && chown 65534 sub/vault free free"
    done = nono(*RUN, "--deny", "sub/vault", "--", "/bin/sh", "-c", give)
    owners = [(project / each).stat().st_uid for each in ("sub", "sub/vault", "free")]
    assert owners == [0, 0, 65534], done.stderr
    assert (project / "sub").stat().st_gid == 65534


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


HIDDEN = """mkdir sub sub/vault; echo K >sub/vault/k; ln sub/vault/k pub2; echo P >sub/x.pem
ln sub/x.pem pub; ln -s ../real sub/l.pem; echo R >real; echo F >free; ln free free2"""


@BY_A_USER
@pytest.mark.parametrize("mode", ["444", "311", "0"])
def test_what_was_closed_without_the_refusal_is_not_taken_for_absent(
    nono: Nono, as_user: Account, project: Path, mode: str
) -> None:
    """By a run that is refused nothing; the file may have any name that leads to several."""
    shell(as_user, HIDDEN, project)
    nono(*RUN, "--", "chmod", mode, "sub")
    for pattern, names in (("sub/vault", ["pub2"]), ("**/*.pem", ["pub"])):
        done = nono(*RUN, "--deny", pattern, "--", "cat", *names, "free", "free2")
        assert done.stdout == "F\nF\n", done.stderr
        assert f"note: {project}/sub: cannot be looked into" in done.stderr
        assert "does not exist" not in done.stderr
    shell(as_user, "chmod 755 sub", project)
    done = nono(*RUN, "--deny", "**/*.pem", "--", "cat", "pub", "real", "pub2")
    assert done.stdout == "K\n" and "cannot be looked into" not in done.stderr


@BY_A_USER
@pytest.mark.parametrize("mode", ["444", "311", "0"])
def test_a_refused_file_may_be_in_what_is_closed(
    nono: Nono, as_user: Account, project: Path, mode: str
) -> None:
    shell(as_user, "echo K >tok; mkdir sub; ln tok sub/other; echo F >sub/free", project)
    nono(*RUN, "--", "chmod", mode, "sub")
    script = "chmod 755 sub; cat sub/other; cat tok"
    done = nono(*RUN, "--deny", "tok", "--", "/bin/sh", "-c", script)
    assert done.stdout == "" and "tok: the file has more names" in done.stderr
    shell(as_user, "chmod 755 sub", project)
    done = nono(*RUN, "--deny", "tok", "--", "cat", "sub/free", "sub/other")
    assert done.stdout == "F\n"


def test_a_name_that_is_too_long_by_its_path_is_looked_up(
    nono: Nono, as_user: Account, project: Path
) -> None:
    shell(as_user, "echo T >tok; echo P >pub; echo R >real", project)
    python = ("/usr/bin/python3", "-c", LONG)
    assert as_user(*python, "make", cwd=project).returncode == 0
    options = ("--deny", "tok", "--deny", "**/*.pem")
    done = nono(*RUN, *options, "--", *python)
    assert done.stdout.count("Operation not permitted") == 3, done.stdout + done.stderr
    done = nono(*RUN, *options, "--", "cat", "pub", "real")
    assert done.stdout == "", done.stderr


@BY_A_USER
def test_a_link_that_a_pattern_passes_through_is_told_of(
    nono: Nono, as_user: Account, project: Path
) -> None:
    make = "mkdir sub shared; ln -s ../shared sub/conf; echo K >shared/a.key; chmod 444 sub"
    shell(as_user, make, project)
    deny = ("--deny", "**/conf/*.key")
    told = f"{project}/sub: cannot be looked into: where links in it lead, patterns refuse nothing"
    assert told in nono(*RUN, *deny, "--", "true").stderr
    shell(as_user, "chmod 755 sub; ln -s loop loop; mkdir conf; ln -s conf conf/conf", project)
    done = nono(*RUN, *deny, "--", "cat", "shared/a.key")
    assert done.stdout == "" and "cannot be looked into" not in done.stderr
