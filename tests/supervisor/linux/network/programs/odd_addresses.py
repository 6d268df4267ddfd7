"""What connect, bind, sendto and sendmsg say of each address for each socket, as lines of JSON."""

import ctypes
import errno
import itertools
import json
import os
import socket
import struct

LIBC = ctypes.CDLL(None, use_errno=True)
SOCKETS = {
    f"{family.name} {kind.name}": (family, kind)
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM)
}
LENGTHS = (0, 1, 2, 8, 15, 16, 23, 24, 28, 110, 128, 129, -1)


class Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_char_p), ("length", ctypes.c_size_t))


class Message(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("name_length", ctypes.c_int),
        ("vectors", ctypes.POINTER(Vector)),
        ("count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


def sendmsg(fd: int, address: bytes, length: int) -> int:
    vector = Vector(b"x", 1)
    message = Message(address, length, ctypes.pointer(vector), 1)
    return LIBC.sendmsg(fd, ctypes.byref(message), socket.MSG_NOSIGNAL)


CALLS = {
    "connect": LIBC.connect,
    "bind": LIBC.bind,
    "sendto": lambda fd, address, length: LIBC.sendto(
        fd, b"x", 1, socket.MSG_NOSIGNAL, address, length
    ),
    "sendmsg": sendmsg,
}


def addresses(port: int) -> dict[str, bytes]:
    """By name; each is followed by zeros up to the longest length."""
    there = struct.pack("=2s4s", port.to_bytes(2, "big"), bytes((127, 0, 0, 1)))
    six = struct.pack("=2s4x16s", port.to_bytes(2, "big"), bytes(15) + b"\1")
    families = {
        "unspecified": (socket.AF_UNSPEC, bytes(6)),
        "unspecified, with more": (socket.AF_UNSPEC, there),
        "of IPv4": (socket.AF_INET, there),
        "of IPv6": (socket.AF_INET6, six),
        "of unix": (socket.AF_UNIX, b"not-there"),
        "of netlink": (socket.AF_NETLINK, bytes(10)),
        "of none": (250, there),
    }
    return {
        name: struct.pack("=H", int(family)) + rest.ljust(200, b"\0")
        for name, (family, rest) in families.items()
    }


def main() -> None:
    with socket.socket() as bound:  # and nobody listens
        bound.bind(("127.0.0.1", 0))
        each = itertools.product(CALLS, SOCKETS, addresses(bound.getsockname()[1]).items(), LENGTHS)
        for call, kind, (name, address), length in each:
            with socket.socket(*SOCKETS[kind]) as sock:
                sock.setblocking(False)
                ctypes.set_errno(0)
                failed = CALLS[call](sock.fileno(), address, length) < 0
                number = ctypes.get_errno() if failed else 0
                if not failed and isinstance(sock.getsockname(), str) and sock.getsockname():
                    os.unlink(sock.getsockname())
            print(json.dumps([call, kind, name, length, errno.errorcode.get(number, "done")]))


main()
