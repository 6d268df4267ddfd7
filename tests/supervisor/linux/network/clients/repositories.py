"""A host with a repository of git's: its own server program behind https."""

from __future__ import annotations

import os
import subprocess
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.supervisor.network.world import Host, World

NAME = "git.example.net"
IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "A"), ("EMAIL", "a@example.org"))
}


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


def git_host(world: World, place: Path) -> Host:
    """A host with one repository, in which one commit was made."""
    script = """
        git init -q --bare -b main repository.git
        git -C repository.git config http.receivepack true
        git clone -q repository.git first 2> /dev/null
        cd first && echo one > file.txt && git add . && git commit -q -m first
        git push -q origin HEAD:main
    """
    environment = {**IDENTITY, "HOME": str(place), "PATH": os.environ["PATH"]}
    subprocess.run(["sh", "-ec", script], cwd=place, env=environment, check=True)
    handler = type("Repositories", (Backend,), {"root": place})
    return world.https(NAME, handler=handler)
