"""What another descriptor of an open socket leaves as it is."""

import os
import socket
from collections.abc import Iterator

import pytest

from nono.shims.linux.sockets import copy_of, taken, taken_copy

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
