"""Makes datagram sockets in a network namespace whose only interface is `lo`.

A program of its own, which nono starts when the first such socket is asked for: it takes the number
of a descriptor, says whether the namespace was made (an errno, 0 for yes), and then gives a socket
for each request, whose one byte is the family. It ends when the other end is closed. It imports
nothing of nono's, so that it starts fast.

Who asks for a name there by a datagram, as musl and c-ares do whatever resolv.conf says, is told to
ask again over TCP, which reaches nono. Sources: network_namespaces(7), user_namespaces(7),
netdevice(7), RFC 1035 section 4.1, RFC 7766 section 5.
"""

from __future__ import annotations

import ctypes
import fcntl
import select
import socket
import struct
import sys

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1
_REQUEST = struct.Struct("=16sh22x")  # struct ifreq
_NAME_SERVER = ("127.0.0.1", 53)
_MAX_QUESTION = 512
_HEAD = struct.Struct("!HHHHHH")
_IS_ANSWER, _IS_CUT, _KEPT_FLAGS = 0x8000, 0x0200, 0x7910
"""The last are what a question says of itself: the opcode, recursion, unchecked signatures."""


def enter_namespace() -> int:
    """0, or the errno of the last attempt. Without rights it takes a user namespace as well."""
    libc = ctypes.CDLL(None, use_errno=True)
    for flags in (_CLONE_NEWNET, _CLONE_NEWNET | _CLONE_NEWUSER):
        if libc.unshare(flags) == 0:
            return 0
    return ctypes.get_errno()


def raise_loopback() -> None:
    """Bring `lo` up, which gives it its addresses. Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, _REQUEST.pack(b"lo", _IFF_UP))


def over_tcp(question: bytes) -> bytes:
    """The answer that is cut short after the question; empty for what is none."""
    end = _HEAD.size
    while end < len(question) and question[end]:
        end += question[end] + 1
    end += 5
    if end > len(question):
        return b""
    number, flags, questions, *_ = _HEAD.unpack_from(question)
    if flags & _IS_ANSWER or questions != 1:
        return b""
    flags = _IS_ANSWER | _IS_CUT | flags & _KEPT_FLAGS
    return _HEAD.pack(number, flags, 1, 0, 0, 0) + question[_HEAD.size : end]


def answer(names: socket.socket) -> None:
    """One question. Who asked may be gone."""
    try:
        question, client = names.recvfrom(_MAX_QUESTION, socket.MSG_DONTWAIT)
        if told := over_tcp(question):
            names.sendto(told, socket.MSG_DONTWAIT, client)
    except OSError:
        pass


def serve(control: socket.socket) -> None:
    """A socket or an errno for each request, until the other end is closed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as names:
        names.bind(_NAME_SERVER)
        ready = select.poll()
        ready.register(control, select.POLLIN)
        ready.register(names, select.POLLIN)
        while True:
            found = {number for number, _ in ready.poll()}
            if names.fileno() in found:
                answer(names)
            if control.fileno() in found and not make(control):
                return


def make(control: socket.socket) -> bool:
    """What one request asks for; False when the other end is closed."""
    request = control.recv(1)
    if request:
        try:
            with socket.socket(request[0], socket.SOCK_DGRAM) as made:
                socket.send_fds(control, [b"\0"], [made.fileno()])
        except OSError as error:
            control.send(bytes((error.errno or 1,)))
    return bool(request)


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    refused = enter_namespace()
    if not refused:
        raise_loopback()
    control.send(bytes((refused,)))
    if not refused:
        serve(control)


if __name__ == "__main__":
    main()
