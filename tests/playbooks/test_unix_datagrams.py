"""Unix datagrams: a program's own socket sends nothing, and where ours send is decided."""

import ctypes
import errno
import os
import socket
import struct

import pytest

from nono.supervisor.linux.calls.answers import CONTINUE, DONE, Fail, Retry, Return
from nono.supervisor.linux.calls.sockets import socket_pairs
from tests.playbooks.peers import inet, stream, unix
from tests.playbooks.scene import Given, Injected, Outcome, Scene, Waits

UNIX, DGRAM = socket.AF_UNIX, socket.SOCK_DGRAM
BOTH_FLAGS = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
TEXT = b"a message"


def silent(scene: Scene, *, blocks: bool = False) -> socket.socket:
    """What a program has for such a socket."""
    sock = scene.hold(socket.socket(UNIX, DGRAM))
    sock.shutdown(socket.SHUT_WR)
    sock.setblocking(blocks)
    return sock


def receiver(scene: Scene, path: str) -> tuple[socket.socket, bytes]:
    """A socket of somebody's, and its address for the caller."""
    sock = scene.hold(socket.socket(UNIX, DGRAM))
    sock.setblocking(False)
    directory, _, name = path.rpartition("/")
    place = f"/proc/{os.getpid()}/fd/{scene.open(directory, os.O_PATH)}/{name}"
    sock.bind(place)
    return sock, unix(place)


def send(scene: Scene, sock: socket.socket, address: bytes, flags: int = 0) -> Outcome:
    return scene.play("sendto", sock.fileno(), TEXT, len(TEXT), flags, address, len(address))


def test_a_socket_sends_nothing(scene: Scene) -> None:
    answer = scene.play("socket", UNIX, DGRAM | BOTH_FLAGS, 0)
    assert isinstance(answer, Injected)
    assert (answer.close_on_exec, bool(answer.flags & os.O_NONBLOCK)) == (True, True)
    assert scene.script.said == ["waiting"]


def test_a_pair_is_of_another_type(scene: Scene) -> None:
    room = ctypes.create_string_buffer(8)
    where = ctypes.addressof(room)
    given = Given(("SOCK_SEQPACKET",) * 2)
    assert scene.play("socketpair", UNIX, DGRAM, 0, where) == given
    assert room.raw == struct.pack("ii", -1, -1)
    given = Given(("SOCK_SEQPACKET, not blocking",) * 2, close_on_exec=True)
    assert scene.play("socketpair", UNIX, DGRAM | BOTH_FLAGS, 0, where) == given
    assert scene.play("socketpair", UNIX, DGRAM, 0, 8) == Fail(errno.EFAULT)


def test_without_the_callers_memory_there_is_no_pair(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_: int) -> object:
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(socket_pairs, "MemoryOf", closed)
    assert scene.play("socketpair", UNIX, DGRAM, 0, 8) == Fail(errno.EPROTONOSUPPORT)


def test_other_sends_are_the_kernels(scene: Scene) -> None:
    address = inet("127.0.0.1", 9)
    udp = scene.hold(socket.socket(type=DGRAM))
    assert send(scene, udp, address) == CONTINUE
    assert send(scene, stream(scene), unix("/x")) == CONTINUE
    assert send(scene, silent(scene), address) == CONTINUE  # EINVAL
    assert send(scene, silent(scene), b"\1") == CONTINUE
    assert scene.play("sendto", -1, TEXT, 9, 0, unix("/x"), 4) == Fail(errno.EBADF)
    assert scene.script.said == []


@pytest.mark.parametrize("place", ["free", "carved"])
def test_a_send_by_path_is_performed(scene: Scene, place: str) -> None:
    """Also in the floor, which does not cover where a socket sends."""
    somebody, address = receiver(scene, f"{place}/socket")
    assert send(scene, silent(scene), address) == Return(len(TEXT))
    assert somebody.recv(99) == TEXT
    assert scene.script.said == [f"admit unix {place}/socket", "waiting"]


def test_a_refused_send(scene: Scene) -> None:
    somebody, address = receiver(scene, "carved/socket")
    scene.script.refused["unix carved/socket"] = errno.EACCES
    sock = silent(scene)
    assert send(scene, sock, address) == Fail(errno.EACCES)
    assert scene.play("connect", sock.fileno(), address, len(address)) == Fail(errno.EACCES)
    with pytest.raises(BlockingIOError):
        somebody.recv(99)


def test_a_send_waits_for_room(scene: Scene) -> None:
    _, address = receiver(scene, "carved/socket")
    while (answer := send(scene, silent(scene), address)) == Return(len(TEXT)):
        pass
    assert answer == Fail(errno.EAGAIN)
    blocking = silent(scene, blocks=True)
    assert send(scene, blocking, address, socket.MSG_DONTWAIT) == Fail(errno.EAGAIN)
    assert send(scene, blocking, address) == Waits(Retry)
    blocking.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", 0, 1))
    assert send(scene, blocking, address) == Waits(Retry)


def test_errors_of_a_send(scene: Scene) -> None:
    _, address = receiver(scene, "carved/socket")
    sock, size = silent(scene), len(address)
    number = sock.fileno()
    assert send(scene, sock, address, 1) == Fail(errno.EOPNOTSUPP)
    assert scene.play("sendto", number, TEXT, 1 << 40, 0, address, size) == Fail(errno.EMSGSIZE)
    assert scene.play("sendto", number, 8, 9, 0, address, size) == Fail(errno.EFAULT)
    assert send(scene, sock, unix("")) == Fail(errno.EINVAL)
    assert send(scene, sock, unix(b"\0nobody has this name")) == Fail(errno.ECONNREFUSED)
    assert send(scene, sock, unix("/")) == Fail(errno.ECONNREFUSED)


def test_a_connected_one_is_an_end_of_a_pair(scene: Scene) -> None:
    _, address = receiver(scene, "carved/socket")
    sock = silent(scene)
    os.set_inheritable(sock.fileno(), True)
    answer = scene.play("connect", sock.fileno(), address, len(address))
    assert answer == Given(("SOCK_SEQPACKET, not blocking",), at=sock.fileno())
    assert scene.script.said == ["admit unix carved/socket", "waiting", "task"]
    assert not os.get_blocking(sock.fileno())


def test_to_disconnect_one_that_is_not_connected(scene: Scene) -> None:
    assert scene.play("connect", silent(scene).fileno(), bytes(16), 16) == DONE
