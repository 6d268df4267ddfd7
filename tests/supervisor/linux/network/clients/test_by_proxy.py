"""Real clients by nono's proxy alone: curl, git, pip, uv, npm, Python; and what goes past it."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, SYSTEM_PATH, Account
from tests.supervisor.linux.network.clients.conftest import (
    DENIED,
    PAGES,
    PLAIN,
    SECURE,
    Client,
    Internet,
    refused,
    report,
)
from tests.supervisor.linux.network.clients.repositories import IDENTITY, NAME, git_host

pytestmark = [pytest.mark.requires(landlock=2), BY_A_USER]

BY_PROXY = ("--network=proxy",)
CURL = f"""
export CURL_CA_BUNDLE=ca.pem
curl -sS {SECURE}/one; echo
curl -sS {PLAIN}/two; echo
curl -sS -p {PLAIN}/three; echo
curl -sS -x "socks5h://${{HTTP_PROXY#http://}}" {SECURE}/four; echo
curl -sS -x "http://${{HTTP_PROXY#http://*@}}" {SECURE}/five || echo
curl -sS {DENIED}/six || echo
curl -sS --noproxy "*" {SECURE}/seven || echo
curl -sS --noproxy "*" http://192.0.2.1/ || echo
"""


@pytest.mark.requires(commands=["curl"])
def test_curl(client: Client, internet: Internet) -> None:
    done = client("sh", "-c", CURL, options=BY_PROXY)
    secure, plain = PAGES
    assert done.stdout.split("\n") == [secure, plain, plain, secure, "", "", "", "", ""]
    told = done.stderr.splitlines()
    assert told[0].endswith("response 407") and told[1].endswith("response 403")
    past = "curl went past nono's proxy, which HTTPS_PROXY names"
    assert report(done) == [
        "nono: 3 calls refused:",
        f"  connect to secure.example.net port 443: {past}",
        f"  connect to 192.0.2.1 port 80: {past}",
        refused()[1],
    ]
    assert internet.secure.requests[-2:] == ["GET /one", "GET /four"]


@pytest.mark.requires(commands=["git"])
def test_git(client: Client, internet: Internet, project: Path, tmp_path: Path) -> None:
    """It asks without the password first."""
    hosts = {NAME: git_host(internet.world, tmp_path)}
    environment = {**IDENTITY, "GIT_SSL_CAINFO": str(project / "ca.pem")}
    script = f"""
        git clone -q https://{NAME}/repository.git copy && cd copy && git log --format=%s
        echo more >> file.txt && git commit -q -a -m second && git push -q
        git ls-remote {DENIED}/repository.git
    """
    done = client("sh", "-c", script, hosts=hosts, env=environment, options=BY_PROXY)
    assert done.stdout == "first\n"
    assert "response 403" in done.stderr and report(done) == refused()
    pushed = [each for each in hosts[NAME].connections if each]
    assert pushed


class Shelf(BaseHTTPRequestHandler):
    """Gives what lies at a path."""

    files: dict[str, bytes]

    def do_GET(self) -> None:
        found = self.files.get(self.path)
        self.send_response(404 if found is None else 200)
        kind = "application/json" if self.path == "/small" else "text/html"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(found or b"")))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(found or b"")

    do_HEAD = do_GET

    def log_message(self, format: str, *arguments: object) -> None:
        """The clients say what has failed."""


def wheel() -> bytes:
    """small-1.0, with nothing in it."""
    info = "small-1.0.dist-info"
    with zipfile.ZipFile(io.BytesIO(), "w") as made:
        made.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: small\nVersion: 1.0\n")
        tag = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        made.writestr(f"{info}/WHEEL", tag)
        made.writestr("small.py", "")
        made.writestr(f"{info}/RECORD", f"small.py,,\n{info}/RECORD,,\n")
        file = made.fp
    assert isinstance(file, io.BytesIO)
    return file.getvalue()


def package() -> bytes:
    """The same for npm."""
    content = json.dumps({"name": "small", "version": "1.0.0"}).encode()
    entry = tarfile.TarInfo("package/package.json")
    entry.size = len(content)
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as made:
        made.addfile(entry, io.BytesIO(content))
    return file.getvalue()


_INDEX = "https://index.example.net/simple"
_INSTALLERS = {
    "pip": {
        "PIP_CERT": "ca.pem",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_INDEX_URL": _INDEX,
    },
    "uv pip": {"SSL_CERT_FILE": "ca.pem", "UV_NO_CACHE": "1", "UV_DEFAULT_INDEX": _INDEX},
}


@pytest.mark.parametrize("installer", _INSTALLERS)
def test_pip_and_uv(
    client: Client, internet: Internet, project: Path, as_user: Account, installer: str
) -> None:
    file = "small-1.0-py3-none-any.whl"
    page = f'<a href="/files/{file}">{file}</a>'.encode()
    files = {"/simple/small/": page, f"/files/{file}": wheel()}
    host = internet.world.https(
        "index.example.net", handler=type("Index", (Shelf,), {"files": files})
    )
    done = client(
        *(*installer.split(), "install", "--target", "lib", "small"),
        hosts={host.name: host},
        env={
            "PATH": f"{Path(as_user.python).parent}:{SYSTEM_PATH}",
            **{
                name: str(project / value) if value == "ca.pem" else value
                for name, value in _INSTALLERS[installer].items()
            },
        },
        options=BY_PROXY,
    )
    assert (done.returncode, report(done)) == (0, []), done.stderr
    assert (project / "lib/small.py").exists()


@pytest.mark.requires(commands=["npm"])
def test_npm(client: Client, internet: Internet, project: Path) -> None:
    """By plain HTTP, each request for itself."""
    where = "http://registry.example.net"
    versions = {
        "1.0.0": {
            "name": "small",
            "version": "1.0.0",
            "dist": {"tarball": f"{where}/small.tgz"},
        }
    }
    about = {"name": "small", "dist-tags": {"latest": "1.0.0"}, "versions": versions}
    files = {"/small": json.dumps(about).encode(), "/small.tgz": package()}
    host = internet.world.http(
        "registry.example.net", handler=type("Registry", (Shelf,), {"files": files})
    )
    environment = {
        "npm_config_cache": ".npm",
        "npm_config_audit": "false",
        "npm_config_fetch_retries": "0",
        "npm_config_update_notifier": "false",
        "npm_config_registry": where,
    }
    done = client(
        *("npm", "install", "small"),
        hosts={host.name: host},
        env=environment,
        options=BY_PROXY,
    )
    assert (done.returncode, report(done)) == (0, []), done.stderr
    assert (project / "node_modules/small/package.json").exists()


PYTHON = f"""
import socket, urllib.request
import httpx, requests
urls = {SECURE!r}, {PLAIN!r}
for url in urls:
    print(requests.get(url, verify="ca.pem").text, httpx.get(url, verify="ca.pem").text)
print(urllib.request.urlopen({PLAIN!r}).read().decode())
with socket.create_server(("127.0.0.1", 0)) as server:  # one of its own
    socket.create_connection(server.getsockname()).close()
for kind in (requests, httpx):
    try:
        kind.get({DENIED!r})
    except (requests.RequestException, httpx.HTTPError) as error:
        print(type(error).__name__)
"""


def test_python(client: Client, python: str) -> None:
    done = client(python, "-c", PYTHON, options=BY_PROXY)
    secure, plain = PAGES
    assert done.stdout.splitlines() == [
        f"{secure} {secure}",
        f"{plain} {plain}",
        plain,
        "ProxyError",
        "ProxyError",
    ]
    assert report(done) == refused(2)
