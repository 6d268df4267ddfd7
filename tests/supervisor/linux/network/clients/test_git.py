"""git over https: clone, fetch and push, by git's own server program."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import BY_A_USER
from tests.supervisor.linux.network.clients.conftest import (
    DENIED,
    Client,
    Internet,
    refused,
    report,
)
from tests.supervisor.linux.network.clients.repositories import IDENTITY, NAME, git_host
from tests.supervisor.network.world import Host

pytestmark = [pytest.mark.requires(commands=["git"]), BY_A_USER]

SESSION = f"""
set -e
git clone -q https://{NAME}/repository.git copy
git -C copy log --format=%s
git clone -q --depth 1 https://{NAME}/repository.git other
cd copy
echo more >> file.txt
git commit -q -a -m second
git push -q
cd ../other
git pull -q
git log --format=%s -1
"""


@pytest.fixture
def server(internet: Internet, tmp_path: Path) -> Host:
    """A host with one repository, in which one commit was made."""
    return git_host(internet.world, tmp_path)


def test_git(client: Client, server: Host, project: Path) -> None:
    environment = {**IDENTITY, "GIT_SSL_CAINFO": str(project / "ca.pem")}
    done = client("sh", "-c", SESSION, hosts={NAME: server}, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["first", "second"]


def test_git_elsewhere(client: Client) -> None:
    done = client("git", "ls-remote", f"{DENIED}/repository.git")
    assert done.returncode == 128
    assert "Failed to connect to denied.example.org port 443" in done.stderr
    assert report(done) == refused()
