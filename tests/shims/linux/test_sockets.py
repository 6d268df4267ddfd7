"""What another descriptor of an open socket leaves as it is."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import nono.supervisor
from nono.shims.linux.sockets import copy_of, receive_descriptor, taken, taken_copy

KINDS = [
    (socket.AF_INET, socket.SOCK_STREAM),
    (socket.AF_INET6, socket.SOCK_DGRAM),
    (socket.AF_UNIX, socket.SOCK_SEQPACKET),
]


@pytest.fixture(params=[None, 0.0, 5.0])
def default_timeout(request: pytest.FixtureRequest) -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(request.param)
    yield
    socket.setdefaulttimeout(before)


@pytest.mark.parametrize(("family", "kind"), KINDS)
@pytest.mark.parametrize("blocking", [False, True])
def test_a_copy_leaves_the_open_socket_blocking_or_not(
    default_timeout: None, family: int, kind: int, blocking: bool
) -> None:
    with socket.socket(family, kind) as sock:
        sock.setblocking(blocking)
        for each in (copy_of(sock), taken_copy(sock.fileno()), taken(os.dup(sock.fileno()))):
            with each as copy:
                assert (copy.family, copy.type) == (family, kind)
            assert os.get_blocking(sock.fileno()) is blocking


def test_what_is_no_socket_is_not_taken() -> None:
    with open("/dev/null") as null, pytest.raises(OSError, match="non-socket"):
        taken(null.fileno())
    path = os.open("/", os.O_PATH)
    with pytest.raises(OSError, match="Bad file descriptor"):
        taken(path)
    os.close(path)  # which is still ours


def test_a_received_descriptor_is_not_for_children() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        socket.send_fds(theirs, [b"one"], [theirs.fileno(), ours.fileno()])
        theirs.send(b"none")
        data, fd = receive_descriptor(ours, 8)
        assert data == b"one" and fd is not None and not os.get_inheritable(fd)
        os.close(fd)
        assert receive_descriptor(ours, 8) == (b"none", None)


def test_nothing_that_lives_in_a_host_calls_recv_fds() -> None:
    """It ignores its flags, MSG_CMSG_CLOEXEC among them: `receive_descriptor`."""
    root = Path(next(iter(nono.supervisor.__path__))).parent
    files = [path for room in ("shims", "supervisor") for path in (root / room).rglob("*.py")]
    assert len(files) > 100
    calls = {path.name for path in files if ".recv_fds(" in path.read_text()}
    assert calls == {"file_maker.py"}  # a process of its own, which executes nothing
