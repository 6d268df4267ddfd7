"""A refused file that had another name before: a hard link in a directory that is opened."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Account, Nono, Secret

pytestmark = pytest.mark.requires(landlock=2)

PROGRAM = """
import os, sys
def tried(name, act, *arguments):
    try:
        act(*arguments)
        print(name, "WON")
    except OSError as error:
        print(name, error.strerror)
for name in sys.argv[1:]:
    tried("read", lambda: print(open(name).read()))
    tried("write", lambda: open(name, "a").write("x"))
    tried("remove", os.unlink, name)
    tried("rename", os.rename, name, "elsewhere")
    tried("rename its directory", os.rename, "copies", "moved")
    tried("link", os.link, name, "again")
    tried("over", os.rename, "free", name)
    tried("mode", os.chmod, name, 0o666)
print("honest", open("copies/honest").read())
"""


def linked(one: Path, other: Path) -> Path:
    other.parent.mkdir(parents=True, exist_ok=True)
    os.link(one, other)
    return other


FLAGS = {
    "a person's file": ("--deny", "vault/deep/key"),
    "a person's directory": ("--deny", "vault"),
    "a person's pattern": ("--deny", "**/k[e]y"),
    "what a person's pattern holds": ("--deny", "va*"),
    "a group's": (),
}


@pytest.mark.lots(kind="whose")
@pytest.mark.parametrize("whose", FLAGS)
def test_no_earlier_name_reaches_a_refused_file(
    nono: Nono,
    as_user: Account,
    project: Path,
    secret: Callable[[str], Secret],
    whose: str,
) -> None:
    flags = FLAGS[whose]
    own = f"{project.name}/vault/deep/key"
    key = as_user.secret(own) if flags else secret(".ssh/id_rsa")
    as_user.file(project / "copies/honest", "yes")
    as_user.file(project / "free")
    linked(key.path, project / "copies/deep/copy")
    linked(key.path, project / "copy")
    names = ("copies/deep/copy", "copy")
    done = nono("run", "--allow-cwd", *flags, "--", "/usr/bin/python3", "-c", PROGRAM, *names)
    assert key.text not in done.stdout, done.stdout
    assert "WON" not in done.stdout, done.stdout
    assert "honest yes" in done.stdout, done.stdout + done.stderr
    assert "denied by" in done.stderr, done.stderr
    assert key.path.read_text() == key.text + "\n"
    assert (project / "copy").stat().st_mode & 0o777 == 0o600
    told = nono("why", "--allow-cwd", *flags, "--path", "copy")
    assert told.stdout.startswith("denied"), told.stdout


def test_a_lifted_protection_is_lifted_for_every_name(
    nono: Nono, project: Path, secret: Callable[[str], Secret]
) -> None:
    key = secret(".ssh/id_rsa")
    linked(key.path, project / "copy")
    lifted = ("--bypass-protection", key.path)
    done = nono("run", "--allow-cwd", *lifted, "--", "/bin/cat", "copy")
    assert key.text in done.stdout


def test_what_only_changes_are_refused_of_may_be_read(
    nono: Nono, as_user: Account, project: Path
) -> None:
    as_user.file(project / ".envrc", "original")
    linked(project / ".envrc", project / "copies/envrc")
    script = "cat copies/envrc; echo more >> copies/envrc"
    done = nono("run", "--json", "--allow-cwd", "--", "/bin/sh", "-c", script)
    assert done.stdout == "original"
    assert (project / ".envrc").read_text() == "original"
    (denial,) = json.loads(done.stderr.splitlines()[-1])["denials"]
    assert denial["path"].endswith("copies/envrc")


SPOKEN_OF_TWICE = {
    "a start file's name": (("token", ".rvmrc"), ("--deny", "token")),
    "a pattern on a start file": ((".envrc",), ("--deny", "**/.envrc")),
    "a directory that may not be written": (
        ("vault/key",),
        ("--deny-write", "vault", "--deny", "**/key"),
    ),
    "two flags": (("a", "b"), ("--deny-write", "a", "--deny", "b")),
}


@pytest.mark.parametrize("which", SPOKEN_OF_TWICE)
def test_where_two_rules_speak_of_a_file_each_holds_for_all_names(
    nono: Nono, as_user: Account, project: Path, which: str
) -> None:
    (first, *others), flags = SPOKEN_OF_TWICE[which]
    key = as_user.secret(f"{project.name}/{first}")
    for name in (*others, "copies/plain"):
        linked(key.path, project / name)
    names = (first, *others, "copies/plain")
    done = nono("run", "--allow-cwd", *flags, "--", "/bin/cat", *names)
    assert key.text not in done.stdout, done.stdout
    assert done.stderr.count("/bin/cat: ") == len(names), done.stderr


def test_a_file_that_is_refused_by_way_of_a_link(
    nono: Nono, as_user: Account, project: Path
) -> None:
    key = as_user.secret(f"{project.name}/vault/key")
    linked(key.path, project / "copy")
    (project / "link").symlink_to("vault")
    done = nono("run", "--allow-cwd", "--deny", "link/key", "--", "/bin/cat", "copy")
    assert key.text not in done.stdout, done.stdout


@pytest.mark.parametrize("grant", [("--allow-cwd",), ()])
@pytest.mark.parametrize("name", [".local/bin/tool", ".local/share/man/deep/page", ".gitconfig"])
def test_a_name_in_what_a_group_opens(
    nono: Nono, as_user: Account, project: Path, name: str, grant: tuple[str, ...]
) -> None:
    file = as_user.file(project / "token", "the token\n")
    as_user.file(as_user.home / name).unlink()
    other = linked(file, as_user.home / name)
    done = nono("run", *grant, "--", "cat", other)
    assert done.stdout == "the token\n", done.stderr
    done = nono("run", *grant, "--deny", "token", "--", "cat", other)
    assert (done.stdout, done.returncode) == ("", 1), done.stderr
