"""A refused path under another name: a second mount of what holds it, or of what it holds."""

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


def mounted(account: Account, project: Path, source: Path, *command: str | Path) -> str:
    """What nono prints, with `source` mounted at `other` in the project besides."""
    account.directory(project / "other")
    user = (f"--reuid={account.uid}", f"--regid={account.gid}", "--clear-groups")
    nono = (account.python, "-P", "-m", "nono.supervisor", *command)
    inside = shlex.join(map(str, ("setpriv", *user, *nono)))
    mount = shlex.join(["mount", "--bind", str(source), str(project / "other")])
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
