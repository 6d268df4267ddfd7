"""A refused path under another name: a second mount of what holds it, or of what it holds."""

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Account, Secret

pytestmark = [
    pytest.mark.requires(commands=["unshare", "setpriv", "mount"]),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts"),
]


@pytest.fixture
def key(as_user: Account, project: Path) -> Secret:
    return as_user.secret(f"{project.name}/vault/deep/key")


def mounted(
    account: Account, project: Path, source: Path, *command: str | Path, place: str = "other"
) -> str:
    """What nono prints, with `source` mounted at a `place` in the project besides."""
    account.directory(project / "other")
    user = (f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups")
    nono = (account.python, "-P", "-m", "nono.supervisor", *command)
    inside = shlex.join(map(str, ("setpriv", *user, *nono)))
    mount = shlex.join(["mount", "--bind", str(source), str(project / place)])
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", f"{mount} && exec {inside}"],
        cwd=project,
        env=dict(account.environment),
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("source", "name"),
    [("vault", "other/deep/key"), (".", "other/vault/deep/key"), ("vault/deep", "other/key")],
)
def test_no_other_mount_shows_what_is_refused(
    as_user: Account, project: Path, key: Secret, source: str, name: str
) -> None:
    flags = ("--read", project, "--deny", project / "vault")
    found = mounted(as_user, project, project / source, "run", *flags, "--", "/bin/cat", name)
    assert key.text not in found
    assert "denied" in found
    told = mounted(as_user, project, project / source, "why", *flags, "--path", name)
    assert told.startswith("denied"), told
    free = ("run", "--read", project, "--", "/bin/cat", name)
    assert key.text in mounted(as_user, project, project / source, *free)


MATCHED = {
    "a directory": ("**/de[e]p", "vault/deep", "other/key"),
    "a file in a directory": ("**/deep/ke*", "vault/deep", "other/key"),
    "a file, mounted by itself": ("**/deep/ke*", "vault/deep/key", "single"),
    "another name of it, mounted by itself": ("**/deep/ke*", "copies/copy", "single"),
}


@pytest.mark.parametrize("which", MATCHED)
def test_no_other_mount_shows_what_a_pattern_matches(
    as_user: Account, project: Path, key: Secret, which: str
) -> None:
    pattern, source, name = MATCHED[which]
    as_user.directory(project / "copies")
    if source == "copies/copy":
        os.link(key.path, project / source)
    as_user.file(project / "single", "")
    place = "single" if name == "single" else "other"
    flags = ("--allow", project, "--deny", pattern)
    command = ("run", *flags, "--", "/bin/cat", name)
    found = mounted(as_user, project, project / source, *command, place=place)
    assert key.text not in found
    assert "denied" in found


def test_a_mount_of_a_name_that_nobody_opened(as_user: Account, project: Path, key: Secret) -> None:
    """A directory that is listed does not tell which file is mounted in it."""
    as_user.file(project / "opened/single", "")
    os.link(key.path, project / "copy")
    flags = ("--read", project / "opened", "--deny", project / "vault")
    command = ("run", *flags, "--", "/bin/cat", "opened/single")
    found = mounted(as_user, project, project / "copy", *command, place="opened/single")
    assert key.text not in found
    assert "denied" in found


ASKED = {
    "by its path": ("$WORKDIR/vault", "vault", "other/deep/key"),
    "by a pattern": ("**/deep/ke*", "vault/deep", "other/key"),
    "what a link leads to that a pattern matches": ("**/li[n]k", ".", "vault/deep/key"),
}


@pytest.mark.parametrize("which", ASKED)
def test_no_other_mount_shows_what_is_asked_about(
    as_user: Account, project: Path, key: Secret, which: str
) -> None:
    """Nobody is there to answer."""
    asked, source, name = ASKED[which]
    (project / "link").symlink_to("vault/deep/key")
    sections = {"filesystem": {"read": ["$WORKDIR"], "ask": [asked]}}
    profile = as_user.file(as_user.home / "asking.json", json.dumps(sections))
    command = ("run", "--profile", profile, "--", "/bin/cat", name)
    found = mounted(as_user, project, project / source, *command)
    assert key.text not in found
    assert "vault" in found or "other" in found
