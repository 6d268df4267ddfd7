"""Change the machine's network, or talk to other processes, over netlink and by ioctl(2).

Arguments: the netlink address of a socket outside.
"""

import fcntl
import os
import socket
import struct
from collections.abc import Callable, Iterator

from .attempt import arguments, attempt

NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP, NLM_F_CREATE = 1, 4, 0x300, 0x400
LOOPBACK = 1
ADDRESS = socket.inet_aton("192.0.2.77")
CHANGES = {
    "NEWLINK": (16, struct.pack("=BxHiII", 0, 0, LOOPBACK, 0, 1)),
    "DELLINK": (17, struct.pack("=BxHiII", 0, 0, LOOPBACK, 0, 0)),
    "SETLINK": (19, struct.pack("=BxHiII", 0, 0, LOOPBACK, 0, 1)),
    "NEWADDR": (
        20,
        struct.pack("=BBBBI", 2, 32, 0, 0, LOOPBACK) + struct.pack("=HH", 8, 2) + ADDRESS,
    ),
    "DELADDR": (
        21,
        struct.pack("=BBBBI", 2, 8, 0, 0, LOOPBACK) + struct.pack("=HH", 8, 2) + b"\x7f\0\0\1",
    ),
    "NEWROUTE": (
        24,
        struct.pack("=8BI", 2, 32, 0, 0, 254, 3, 253, 1, 0)
        + struct.pack("=HH", 8, 1)
        + ADDRESS
        + struct.pack("=HHI", 8, 4, LOOPBACK),
    ),
    "DELROUTE": (25, struct.pack("=8BI", 2, 0, 0, 0, 254, 3, 0, 1, 0)),
    "NEWNEIGH": (
        28,
        struct.pack("=BxxxiHBB", 2, LOOPBACK, 2, 0, 1) + struct.pack("=HH", 8, 1) + ADDRESS,
    ),
    "NEWRULE": (32, struct.pack("=8BI", 2, 0, 0, 0, 254, 0, 0, 1, 0)),
    "NEWQDISC": (36, struct.pack("=BxxxiIII", 0, LOOPBACK, 0, 0xFFFFFFFF, 0)),
    "NEWNSID": (88, struct.pack("=Bxxx", 0)),
}
IOCTLS = {
    "SIOCADDRT": 0x890B,
    "SIOCDELRT": 0x890C,
    "SIOCSIFFLAGS": 0x8914,
    "SIOCSIFADDR": 0x8916,
    "SIOCSIFMTU": 0x8922,
    "SIOCSIFHWADDR": 0x8924,
    "SIOCSARP": 0x8955,
    "SIOCBRADDBR": 0x89A0,
}


def message(kind: int, body: bytes, flags: int = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body


def change(kind: int, body: bytes, how: Callable[[socket.socket, bytes], object]) -> object:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
        netlink.settimeout(5)
        how(netlink, message(kind, body))
        answer = netlink.recv(4096)
        error = -struct.unpack_from("=i", answer, 16)[0]
        if error:
            raise OSError(error, os.strerror(error))
        return answer


def connected(netlink: socket.socket, data: bytes) -> None:
    netlink.connect((0, 0))
    netlink.send(data)


def to_another(number: int, group: int, connect: bool) -> object:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
        if connect:
            netlink.connect((number, group))
            return netlink.send(message(16, b"forged"))
        return netlink.sendto(message(16, b"forged"), (number, group))


def control(request: int) -> object:
    with socket.socket(socket.AF_INET) as sock:
        where = struct.pack("=H2s4s", socket.AF_INET, b"\0\0", ADDRESS)
        return fcntl.ioctl(sock, request, b"lo".ljust(16, b"\0") + where.ljust(112, b"\0"))


def reading() -> Iterator[tuple[str, Callable[[], object]]]:
    """What getifaddrs(3) does, and a list of the routes."""
    yield "interfaces", socket.if_nameindex
    for kind in (18, 22, 26):
        yield f"dump {kind}", lambda k=kind: dump(k)


def dump(kind: int) -> int:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
        netlink.bind((0, 0))
        netlink.send(message(kind, bytes(16), NLM_F_REQUEST | NLM_F_DUMP))
        return len(netlink.recv(1 << 16))


def main() -> None:
    number = int(arguments()[0])
    for name, attack in reading():
        attempt(f"read: {name}", attack)
    for name, (kind, body) in CHANGES.items():
        attempt(
            f"send: {name}", lambda k=kind, b=body: change(k, b, lambda n, d: n.sendto(d, (0, 0)))
        )
        attempt(f"connect: {name}", lambda k=kind, b=body: change(k, b, connected))
    for label, where in (("process", (number, 0)), ("group", (0, 1))):
        attempt(f"{label}: send", lambda w=where: to_another(*w, connect=False))
        attempt(f"{label}: connect", lambda w=where: to_another(*w, connect=True))
    for name, request in IOCTLS.items():
        attempt(f"ioctl: {name}", lambda r=request: control(r))


if __name__ == "__main__":
    main()
