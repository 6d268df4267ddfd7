"""Datagram sockets under a filter: among the sandbox's own programs, and to nobody else."""

from __future__ import annotations

import contextlib
import errno
import json
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from nono.supervisor.linux.network.datagrams import Datagrams
from tests.conftest import Account, Nono, program_beside
from tests.supervisor.linux.network.conftest import PYTHON

pytestmark = pytest.mark.requires(landlock=2)

PROGRAM = program_beside(__file__, "datagrams.py")
ASK = program_beside(__file__, "ask_by_datagram.py")
MUSL = """
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
int main(int argc, char **argv) {
    struct addrinfo *found, wanted = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    int failed = getaddrinfo(argv[argc - 1], "443", &wanted, &found);
    puts(failed ? gai_strerror(failed)
                : inet_ntoa(((struct sockaddr_in *)found->ai_addr)->sin_addr));
    return !!failed;
}
"""
WITHOUT = """
import sys
import nono.supervisor.linux.network.datagrams as datagrams
datagrams._PROGRAM = "/nonexistent.py"
from nono.supervisor.cli.main import main
main(sys.argv[1:])
"""
SOCKET = "import socket; socket.socket(type=socket.SOCK_DGRAM)"
EACH_FAMILY = """\
None True
False False EAGAIN
b'from a child'
None 9
b'from here' b'back'
ENOTSUP ECONNREFUSED
"""
REST = """\
ENETUNREACH ENETUNREACH
EADDRNOTAVAIL
['EPERM', 'EPERM', 'EPERM', 'EPERM', 'EPERM', 'EPERM']
['EPERM', 'EPERM', 'EPERM', 'EPERM', 'EPERM'] ENOPROTOOPT EPERM
1
EPROTONOSUPPORT EPROTONOSUPPORT
"""


def own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        with contextlib.suppress(OSError):
            probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])


def test_they_reach_the_sandbox_s_own(nono: Nono) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as service:
        service.bind(("0.0.0.0", 0))
        service.setblocking(False)
        port, address = service.getsockname()[1], own_address()
        command = (PYTHON, "-c", PROGRAM, str(port), address)
        done = nono("run", "-q", "--allow-cwd", "--allow-domain=a.example", "--", *command)
        assert done.stderr == ""
        if address == "0.0.0.0":
            pytest.fail("the machine has no address of its own to try")
        # What localhost is here, it is inside.
        localhost = len(socket.getaddrinfo("localhost", 80, proto=socket.IPPROTO_TCP))
        assert done.stdout == f"{EACH_FAMILY * 2}{REST}{localhost}\n"
        with pytest.raises(BlockingIOError):
            service.recv(1)
    closed = nono(
        "run", "-q", "--block-net", "--", PYTHON, "-c", "import socket as s; s.socket(2, 2)"
    )
    assert "Address family not supported" in closed.stderr


@pytest.mark.requires(commands=["node"])
def test_a_metrics_client_as_node_has_it(nono: Nono) -> None:
    script = (
        "const dgram = require('dgram'); const server = dgram.createSocket('udp4');"
        "server.on('message', (text) => { console.log(String(text)); server.close(); });"
        "server.bind(0, () => { const client = dgram.createSocket('udp4');"
        "client.send('a:1|c', server.address().port, 'localhost', () => client.close()); });"
    )
    done = nono("run", "--allow-domain=a.example", "--", "node", "-e", script)
    assert (done.stdout, done.stderr) == ("a:1|c\n", "")


def test_a_name_is_asked_for_by_a_datagram(nono: Nono) -> None:
    """As musl does it, which does not read what resolv.conf says of that."""
    done = nono("run", "--allow-domain=a.example", "--", PYTHON, "-c", ASK)
    reply = "(7, 33152, 1, 1, 0, 1) True 198.18.0.1"
    assert (done.stdout, done.stderr) == (f"{reply}\nTrue\n7 True False\n", "")


@pytest.mark.requires(commands=["musl-gcc"])
def test_what_is_linked_with_musl_finds_hosts(
    nono: Nono, as_user: Account, project: Path, tmp_path: Path
) -> None:
    """In all its versions: before 1.2.4 it asked over TCP for nothing."""
    (tmp_path / "find.c").write_text(MUSL)
    words = ("musl-gcc", "-static", "-o", str(tmp_path / "find"), str(tmp_path / "find.c"))
    subprocess.run(words, check=True)
    found = as_user.file(project / "find", mode=0o755)
    found.write_bytes((tmp_path / "find").read_bytes())
    done = nono("run", "--allow-cwd", "--allow-domain=a.example", "--", "./find", "a.example")
    assert (done.stdout, done.stderr) == ("198.18.0.1\n", "")


def test_where_no_namespace_can_be_made_there_are_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    refusing = tmp_path / "refusing.py"
    refusing.write_text(
        "import socket, sys; socket.socket(fileno=int(sys.argv[1])).send(bytes([1]))"
    )
    for program in (str(refusing), "/nonexistent.py"):
        monkeypatch.setattr("nono.supervisor.linux.network.datagrams._PROGRAM", program)
        made = Datagrams()
        made.start()
        assert made.is_ready and made.refused == errno.EPERM
        with pytest.raises(OSError, match="Protocol not supported"):
            made.make(socket.AF_INET)
        made.close()


def test_that_there_are_none_is_told(as_user: Account, project: Path) -> None:
    python = (as_user.python, "-P", "-c", WITHOUT)
    words = ("run", "--json", "--allow-domain=a.example", "--", PYTHON, "-c", SOCKET)
    done = as_user(*python, *words, cwd=project)
    assert done.returncode == 1 and "Protocol not supported" in done.stderr
    denials = json.loads(done.stderr.splitlines()[-1])["denials"]
    refused = next(each for each in denials if each["request"] == "Socket")
    assert refused["summary"] == "make a socket for datagrams over IPv4"
    assert refused["reason"].startswith("datagrams stay in a network of the sandbox's own")
    replayed = as_user(*python, "audit", "replay", "last", "--allow-domain=a.example", cwd=project)
    assert replayed.returncode == 0, "what the machine lacks is no difference of policies"


def test_whether_there_is_ipv6_is_asked_without_a_word(as_user: Account, project: Path) -> None:
    """By curl and others, before each connection, whatever becomes of it."""
    python = (as_user.python, "-P", "-c", WITHOUT)
    ipv6 = SOCKET.replace("type=", "socket.AF_INET6, ")
    words = ("run", "--json", "--allow-domain=a.example", "--", PYTHON, "-c", ipv6)
    done = as_user(*python, *words, cwd=project)
    assert "Protocol not supported" in done.stderr
    report = json.loads(done.stderr.splitlines()[-1])
    assert [each["request"] for each in report["denials"]] == ["Open"]  # of the working directory
    assert [each["summary"] for each in report["harmless"]] == [
        "make a socket for datagrams over IPv6"
    ]


def test_what_makes_them_ends_with_the_sandbox() -> None:
    made = Datagrams()
    made.start()
    with (
        socket.socket(fileno=made.make(socket.AF_INET6)) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        assert made.is_own(one) and not made.is_own(other)
        assert not one.get_inheritable()
    started = time.monotonic()
    made.close()
    assert time.monotonic() - started < 5
    with pytest.raises(OSError, match="Protocol not supported"):
        made.make(socket.AF_INET)


def test_no_other_sandbox_is_reached_and_no_late_answer_taken() -> None:
    """Each has a network of its own, with addresses and ports of its own."""
    with contextlib.closing(Datagrams()) as ours, contextlib.closing(Datagrams()) as theirs:
        ours.start()
        theirs.start()
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with (
                socket.socket(fileno=theirs.make(family)) as server,
                socket.socket(fileno=ours.make(family)) as client,
            ):
                server.bind((host, 0))
                client.sendto(b"secret", server.getsockname()[:2])
                client.connect(server.getsockname()[:2])
                client.send(b"secret")
                with pytest.raises(ConnectionRefusedError):
                    client.send(b"secret")
                with pytest.raises(BlockingIOError):
                    server.recv(9, socket.MSG_DONTWAIT)
                assert theirs.is_own(server) and not ours.is_own(server)
        assert theirs._maker is not None
        theirs._maker.control.settimeout(0.01)
        theirs._maker.process.send_signal(signal.SIGSTOP)
        for _ in range(2):
            with pytest.raises(OSError, match="Protocol not supported"):
                theirs.make(socket.AF_INET)
        theirs._maker.process.send_signal(signal.SIGCONT)
