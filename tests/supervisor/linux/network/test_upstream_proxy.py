"""Allowed hosts through a company's proxy, which the program neither knows nor reaches."""

from __future__ import annotations

import base64
import socket

import pytest

from tests.conftest import BY_A_USER, Nono, program_beside
from tests.supervisor.linux.network.conftest import PYTHON
from tests.supervisor.linux.network.connect_proxy import connect_proxy
from tests.supervisor.linux.network.peers import Peers, speak

pytestmark = [pytest.mark.requires(landlock=2), BY_A_USER]

PROGRAM = program_beside(__file__, "through_proxy.py")
PASSWORD = "pass-word-of-the-proxy"
TALKED = "(b'220 ready\\r\\n', b'word')"
REFUSED = "ConnectionRefusedError ConnectionRefusedError"


def test_a_proxy_that_is_not_there_is_named(nono: Nono) -> None:
    """And nobody is told to give the program its variable, which nono uses itself."""
    allowed = ("--allow-cwd", "--allow-domain", "a.example:80")
    program = "import socket; socket.create_connection(('a.example', 80))"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        proxy = f"127.0.0.1:{free.getsockname()[1]}"
        env = {"HTTPS_PROXY": f"http://{proxy}", "NO_PROXY": "b.example"}
        done = nono("run", *allowed, "--", PYTHON, "-c", program, env=env)
    why = f"the upstream proxy {proxy} opens no connection: Connection refused"
    assert f"nono: a.example: {why}" in done.stderr
    assert "not passed on" not in done.stderr


def test_through_the_proxy_of_the_environment(nono: Nono, hosts: Peers) -> None:
    direct = hosts.serve("direct.example", speak)
    allowed = (f"--allow-domain={name}.example:{direct.port}" for name in ("a", "unknown"))
    options = ("--allow-cwd", *hosts.options, *allowed)
    with connect_proxy({f"a.example:{direct.port}": (direct.address, direct.port)}) as proxy:
        env = {
            "HTTPS_PROXY": f"http://me:{PASSWORD}@127.0.0.1:{proxy.port}",
            "http_proxy": "http://other.example",
            "NO_PROXY": "direct.example",
        }
        command = (PYTHON, "-c", PROGRAM, str(direct.port), str(proxy.port))
        done = nono("run", *options, "--", *command, env=env)
        assert done.stdout.splitlines() == [
            f"a.example {TALKED} {TALKED}",
            f"direct.example {TALKED} {TALKED}",
            f"unknown.example {REFUSED}",
            f"closed.example {REFUSED}",
            "ConnectionRefusedError",
            "[]",
        ]
        why = f"the upstream proxy 127.0.0.1:{proxy.port} opens no connection: it answers 403"
        assert f"nono: unknown.example: {why}" in done.stderr
        # Decided by name before, and asked of nobody but the proxy.
        told = {line for head in proxy.heads for line in head.splitlines() if line}
        names = {f"a.example:{direct.port}", f"unknown.example:{direct.port}"}
        token = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
        assert told == {
            *(f"CONNECT {name} HTTP/1.1" for name in names),
            *(f"Host: {name}" for name in names),
            f"Proxy-Authorization: Basic {token}",
        }
        assert {name for name, _ in hosts.world.dns.queries} <= {"direct.example"}
        shown = nono("run", "--dry-run", *options, "--", *command, env=env).stdout
        assert f"through the proxy: 127.0.0.1:{proxy.port}  [HTTPS_PROXY]" in shown
        assert "variable not passed on: HTTPS_PROXY" in shown
        by_flag = ("--upstream-proxy", env["HTTPS_PROXY"])
        shown += nono("run", "--dry-run", *options, *by_flag, "--", *command).stdout
        assert f"[--upstream-proxy 127.0.0.1:{proxy.port}]" in shown
        assert PASSWORD not in done.stderr + shown and token not in done.stderr + shown
