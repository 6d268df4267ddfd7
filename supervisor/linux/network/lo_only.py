"""Makes datagram sockets in a network namespace whose only interface is `lo`.

A program of its own, which nono starts when the first such socket is asked for: it takes the number
of a descriptor, says whether the namespace was made (an errno, 0 for yes), and then gives a socket
for each request, whose one byte is the family, or 0 for one at the address of the name server. It
ends when the other end is closed. It imports nothing of nono's, so that it starts fast. Sources:
network_namespaces(7), user_namespaces(7), netdevice(7).
"""

from __future__ import annotations

import ctypes
import fcntl
import socket
import struct
import sys

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1
_REQUEST = struct.Struct("=16sh22x")  # struct ifreq
_NAME_SERVER = ("127.0.0.1", 53)


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


def made(family: int) -> socket.socket:
    """A socket of that family; of none, the one that names are asked at. Raises OSError."""
    sock = socket.socket(family or socket.AF_INET, socket.SOCK_DGRAM)
    if not family:
        sock.bind(_NAME_SERVER)
    return sock


def serve(control: socket.socket) -> None:
    """A socket or an errno for each request, until the other end is closed."""
    while request := control.recv(1):
        try:
            with made(request[0]) as sock:
                socket.send_fds(control, [b"\0"], [sock.fileno()])
        except OSError as error:
            control.send(bytes((error.errno or 1,)))


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
