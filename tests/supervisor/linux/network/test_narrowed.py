"""What refuses hosts that something else allows: real programs, servers of the test's own."""

from __future__ import annotations

import socket

import pytest

from tests.conftest import BY_A_USER, Nono
from tests.supervisor.linux.network.peers import Peers

pytestmark = [pytest.mark.requires(landlock=2, commands=["curl"]), BY_A_USER]

GOT = "curl -s -m 9 http://{0}/ || echo no"


def greet(sock: socket.socket) -> None:
    sock.recv(4096)
    sock.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello\n")


def got(*places: str) -> str:
    return "; ".join(GOT.format(place) for place in places)


def test_a_refused_host_a_range_of_ports_and_loopback_only(nono: Nono, hosts: Peers) -> None:
    good = hosts.serve("good.example", greet)
    bad = hosts.serve("bad.example", greet, port=good.port)
    here = hosts.serve("here.example", greet, address="127.0.0.1")
    names = [f"{each.name}:{each.port}" for each in (good, bad)]
    local = f"127.0.0.1:{here.port}"
    command = ("--", "sh", "-c", got(*names, local))
    wide = (*hosts.options, f"--allow-domain=*.example:{good.port}")
    done = nono("run", "--allow-cwd", *wide, "--deny-domain=*.example", *command)
    assert done.stdout.split() == ["no", "no", "hello"]
    assert "bad.example port" in done.stderr and "flag --deny-domain *.example" in done.stderr
    done = nono("run", "--allow-cwd", *wide, "--deny-domain=bad.example", *command)
    assert done.stdout.split() == ["hello", "no", "hello"]
    ports = f"{here.port - 1}-{here.port}"
    done = nono("run", "--allow-cwd", "--loopback-only", "--open-port", ports, *command)
    assert done.stdout.split() == ["no", "no", "hello"]
    assert done.stderr.count("denied by flag --loopback-only") == 2
    done = nono("run", "--allow-cwd", "--loopback-only", *command)
    assert f"denied by flag --loopback-only  hint: --open-port {here.port}\n" in done.stderr
