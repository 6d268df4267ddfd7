"""git over https: clone, fetch and push, by git's own server program."""

from __future__ import annotations

import os
import subprocess
from http.server import BaseHTTPRequestHandler
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
from tests.supervisor.network.world import Host

pytestmark = [pytest.mark.requires(commands=["git"]), BY_A_USER]

NAME = "git.example.net"
IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "A"), ("EMAIL", "a@example.org"))
}
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


class Backend(BaseHTTPRequestHandler):
    """Runs `git http-backend` for each request: git-http-backend(1), RFC 3875."""

    root: Path

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        environment = {
            "CONTENT_LENGTH": self.headers.get("Content-Length", ""),
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "PATH": os.environ["PATH"],
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REMOTE_USER": "somebody",
            "REQUEST_METHOD": self.command,
        }
        body = self.rfile.read(int(environment["CONTENT_LENGTH"] or 0))
        command = ["git", "http-backend"]
        done = subprocess.run(command, input=body, env=environment, stdout=subprocess.PIPE)
        head, _, page = done.stdout.partition(b"\r\n\r\n")
        length = b"Content-Length: %d" % len(page)
        self.wfile.write(b"\r\n".join([b"HTTP/1.0 200 OK", length, head, b"", page]))

    do_POST = do_GET

    def log_message(self, format: str, *arguments: object) -> None:
        """git says what has failed."""


@pytest.fixture
def server(internet: Internet, tmp_path: Path) -> Host:
    """A host with one repository, in which one commit was made."""
    script = """
        git init -q --bare -b main repository.git
        git -C repository.git config http.receivepack true
        git clone -q repository.git first 2> /dev/null
        cd first && echo one > file.txt && git add . && git commit -q -m first
        git push -q origin HEAD:main
    """
    environment = {**IDENTITY, "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    subprocess.run(["sh", "-ec", script], cwd=tmp_path, env=environment, check=True)
    handler = type("Repositories", (Backend,), {"root": tmp_path})
    return internet.world.https(NAME, handler=handler)


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
