"""Processes of one sandbox talk to each other: FIFOs, unix sockets, TCP and UDP on loopback."""

import pytest

from tests.conftest import BY_A_USER, program_beside
from tests.programs.conftest import Alike

DATAGRAMS = program_beside(__file__, "unix_datagrams.py")
UNIX = program_beside(__file__, "unix_sockets.py")
LOOPBACK = program_beside(__file__, "loopback.py")
SERVER = program_beside(__file__, "web_server.py")
NAMES = program_beside(__file__, "names.py")


@BY_A_USER
def test_a_fifo_between_two_processes(alike: Alike) -> None:
    script = program_beside(__file__, "fifos.sh")
    assert alike("bash", "-c", f"export TMPDIR=${{TMPDIR:-/tmp}}; {script}").returncode == 0


@BY_A_USER
def test_unix_sockets(alike: Alike) -> None:
    done = alike("python3", "-c", UNIX)
    assert (done.returncode, done.stdout.count("b'HELLO'")) == (0, 17)


@BY_A_USER
def test_unix_datagram_sockets(alike: Alike) -> None:
    done = alike("python3", "-c", DATAGRAMS)
    assert (done.returncode, done.stdout.count("answer"), done.stdout.count("back")) == (0, 2, 1)


@BY_A_USER
def test_loopback(alike: Alike) -> None:
    done = alike("python3", "-c", LOOPBACK)
    assert (done.returncode, done.stdout.count("300000")) == (0, 4)


@BY_A_USER
def test_a_web_server_and_its_client(alike: Alike) -> None:
    done = alike("python3", "-c", SERVER, files={"page.txt": "a page"})
    assert done.stdout.count("b'a page'") == 2


@BY_A_USER
@pytest.mark.requires(files=["/etc/protocols", "/etc/services"])
def test_names(alike: Alike) -> None:
    assert alike("python3", "-c", NAMES).returncode == 0


@BY_A_USER
@pytest.mark.requires(commands=["node"])
def test_a_unix_socket_of_node(alike: Alike) -> None:
    script = program_beside(__file__, "unix_socket.js")
    assert alike("node", "-e", script).stdout == "from node\n"
