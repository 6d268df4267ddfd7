"""The modes of the network on the running kernel: what a program can still do, and what is heard.

Nothing here waits for packets: what must not leave the machine fails before it has a socket.
"""

import errno
import os
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from nono.shims.linux import filter, notify, process
from nono.shims.linux.syscall_classes import Network, machine, name
from tests.shims.linux.forked import NOBODY, USERS, error_of, in_child

ARCH = machine()
MPTCP, VSOCK, XDP = 262, 40, 44

pytestmark = pytest.mark.requires(kernel="5.19")
as_each_user = pytest.mark.parametrize("user", USERS)
with_rules = pytest.mark.parametrize("network", ["filtered", "blocked"])

RTM_GETLINK, NLM_F_REQUEST_DUMP, NLMSG_DONE = 18, 0x301, 3
MCAST_JOIN_GROUP, IPV6_2292PKTOPTIONS, SO_BINDTOIFINDEX = 42, 6, 62

Sockets = Mapping[str, tuple[int, int, int]]

INET: Sockets = {
    "TCP": (socket.AF_INET, socket.SOCK_STREAM, 0),
    "TCP, IPv6": (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP),
}
REFUSED_IN_BOTH: Sockets = {
    "Unix datagram": (socket.AF_UNIX, socket.SOCK_DGRAM, 0),
    "packet": (socket.AF_PACKET, socket.SOCK_RAW, 0),
    "crypto": (socket.AF_ALG, socket.SOCK_SEQPACKET, 0),
    "vsock": (VSOCK, socket.SOCK_STREAM, 0),
    "XDP": (XDP, socket.SOCK_RAW, 0),
    "sock_diag": (socket.AF_NETLINK, socket.SOCK_RAW, 4),
}
REFUSED_INET: Sockets = {
    "UDP": (socket.AF_INET, socket.SOCK_DGRAM, 0),
    "UDP, IPv6": (socket.AF_INET6, socket.SOCK_DGRAM, socket.IPPROTO_UDP),
    "ping": (socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP),
    "UDP-Lite": (socket.AF_INET, socket.SOCK_DGRAM, 136),
    "SCTP": (socket.AF_INET, socket.SOCK_STREAM, 132),
    "SMC": (socket.AF_INET, socket.SOCK_STREAM, 256),
    "MPTCP": (socket.AF_INET, socket.SOCK_STREAM, MPTCP),
    "raw": (socket.AF_INET, socket.SOCK_RAW, 255),
    "old packet": (socket.AF_INET, 10, 0x300),
}


def on_floor(work: Callable[[], Any], network: Network, user: int) -> Any:
    """Run `work` under the filter for nobody to hear of."""

    def confined() -> Any:
        process.set_no_new_privs()
        notify.install(filter.build(ARCH, network, broker=False), listener=False)
        return work()

    return in_child(confined, user)


def brokered(
    work: Callable[[], Any], network: Network, deny: dict[str, int]
) -> tuple[Any, list[str]]:
    """What `work` gives in a child, and the calls that the broker heard of: denied or continued."""
    heard: list[str] = []
    ours, theirs = socket.socketpair()

    def confined() -> Any:
        process.set_no_new_privs()
        listener = notify.install(filter.build(ARCH, network))
        socket.send_fds(theirs, [b"x"], [listener])
        os.close(listener)
        return work()

    def serve() -> None:
        _, (fd,), _, _ = socket.recv_fds(ours, 1, 1)
        listener = notify.Listener(fd)
        while (call := listener.receive()) is not None:
            known = name(ARCH, call.number) or "unknown"
            heard.append(f"{known} {call.a}" if known == "socket" else known)
            if known in deny:
                listener.fail(call.id, deny[known])
            else:
                listener.let_continue(call.id)
        os.close(fd)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with ours, theirs:
        result = in_child(confined)
        thread.join()
    return result, heard


def errors_of(sockets: Sockets) -> dict[str, str]:
    return {
        which: error_of(lambda each=each: socket.socket(*each).close())  # type: ignore[misc]
        for which, each in sockets.items()
    }


def interfaces() -> list[str]:
    """The names of the interfaces, read with no call but socket, sendto and recv."""
    found: list[str] = []
    request = struct.pack("=IHHII", 32, RTM_GETLINK, NLM_F_REQUEST_DUMP, 0, 0) + bytes(16)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        netlink.sendto(request, (0, 0))
        while True:
            data = netlink.recv(1 << 16)
            while data:
                length, kind = struct.unpack_from("=IH", data)
                if kind == NLMSG_DONE:
                    return sorted(found)
                size, attribute = struct.unpack_from("=HH", data, 32)  # IFLA_IFNAME comes first
                assert attribute == 3
                found.append(data[36 : 32 + size - 1].decode())
                data = data[length + 3 & ~3 :]


@with_rules
@as_each_user
def test_refused_sockets(network: Network, user: int) -> None:
    result = on_floor(lambda: errors_of({**REFUSED_IN_BOTH, **REFUSED_INET}), network, user)
    in_both = dict.fromkeys(REFUSED_IN_BOTH, "EAFNOSUPPORT")
    in_both |= dict.fromkeys(("Unix datagram", "sock_diag"), "EPROTONOSUPPORT")
    error = "EPROTONOSUPPORT" if network == "filtered" else "EAFNOSUPPORT"
    assert result == in_both | dict.fromkeys(REFUSED_INET, error)


@as_each_user
def test_tcp_sockets(user: int) -> None:
    assert on_floor(lambda: errors_of(INET), "filtered", user) == dict.fromkeys(INET, "")
    refused = dict.fromkeys(INET, "EAFNOSUPPORT")
    assert on_floor(lambda: errors_of(INET), "blocked", user) == refused


@with_rules
@as_each_user
def test_interfaces_can_be_read(network: Network, user: int) -> None:
    assert on_floor(interfaces, network, user) == sorted(each for _, each in socket.if_nameindex())


@with_rules
def test_libc_reads_interfaces_once_its_bind_is_served(network: Network) -> None:
    """Netlink's bind(2) and sends, which stay within the kernel, are all getifaddrs(3) needs."""
    names, heard = brokered(lambda: [each for _, each in socket.if_nameindex()], network, {})
    assert sorted(names) == sorted(each for _, each in socket.if_nameindex())
    assert set(heard) == {"bind", "sendto"}


def test_without_a_broker_nothing_connects_or_listens() -> None:
    def work() -> list[str]:
        with socket.socket() as sock:
            return [
                error_of(lambda: sock.connect(("127.0.0.1", 9))),
                error_of(lambda: sock.bind(("127.0.0.1", 0))),
                error_of(sock.listen),
            ]

    assert on_floor(work, "filtered", NOBODY) == ["EPERM"] * 3


def test_filtered_connections_are_heard_of() -> None:
    def work() -> list[str]:
        with socket.socket() as sock:
            return [
                error_of(lambda: sock.connect(("127.0.0.1", 9))),
                error_of(lambda: sock.bind(("127.0.0.1", 0))),
                error_of(sock.listen),
            ]

    deny = {"connect": errno.ECONNREFUSED, "bind": errno.EACCES, "listen": errno.EACCES}
    result, heard = brokered(work, "filtered", deny)
    assert result == ["ECONNREFUSED", "EACCES", "EACCES"]
    assert heard == ["connect", "bind", "listen"]


def test_blocked_sockets_are_heard_of() -> None:
    inet = {**INET, **REFUSED_INET}
    deny = {"socket": errno.EAFNOSUPPORT}
    result, heard = brokered(lambda: errors_of({**inet, **REFUSED_IN_BOTH}), "blocked", deny)
    assert {result[which] for which in inet} == {"EAFNOSUPPORT"}
    asked = [*inet.values(), REFUSED_IN_BOTH["Unix datagram"]]
    assert heard == [f"socket {family}" for family, _, _ in asked]


@as_each_user
def test_a_tcp_socket_joins_no_group_and_takes_no_route(user: int) -> None:
    """Each of these works for an ordinary user without the filter, on a socket for TCP."""
    loopback = socket.if_nametoindex("lo")
    group4 = struct.pack("=HH4s", socket.AF_INET, 0, bytes((239, 1, 2, 3))).ljust(128, b"\0")
    group6 = socket.inet_pton(socket.AF_INET6, "ff05::4321")
    join4 = struct.pack("=I4x", loopback) + group4
    join6 = struct.pack("=I4xHHI16s", loopback, socket.AF_INET6, 0, 0, group6).ljust(136, b"\0")
    options: list[tuple[int, int, int, bytes]] = [
        (socket.AF_INET, socket.IPPROTO_IP, MCAST_JOIN_GROUP, join4),
        (socket.AF_INET6, socket.IPPROTO_IP, MCAST_JOIN_GROUP, join4),
        (socket.AF_INET6, socket.IPPROTO_IPV6, MCAST_JOIN_GROUP, join6),
        (socket.AF_INET6, socket.IPPROTO_IPV6, socket.IPV6_RTHDR, b""),
        (socket.AF_INET6, socket.IPPROTO_IPV6, IPV6_2292PKTOPTIONS, b""),
        (socket.AF_INET, socket.IPPROTO_IP, socket.IP_OPTIONS, b"\x01" * 4),
        (socket.AF_INET, socket.SOL_SOCKET, SO_BINDTOIFINDEX, struct.pack("=i", loopback)),
        (socket.AF_INET, socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0"),
    ]

    def work() -> list[str]:
        def set_option(family: int, level: int, option: int, value: bytes) -> str:
            with socket.socket(family) as sock:
                return error_of(lambda: sock.setsockopt(level, option, value))

        return [set_option(*each) for each in options]

    assert in_child(work, user) == [""] * len(options)
    assert on_floor(work, "filtered", user) == ["EPERM"] * len(options)
