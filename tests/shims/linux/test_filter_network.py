"""What the filter leaves of the network, mode by mode, in the simulator."""

import errno
import socket
from itertools import product

import pytest

from nono.shims.linux.network_administration import LOOKING_REQUESTS
from nono.shims.linux.syscall_classes import Network
from tests.shims.linux.filters import (
    ALG,
    ALLOW,
    CLOEXEC,
    DGRAM,
    EAFNOSUPPORT,
    EPERM,
    EPROTONOSUPPORT,
    ERRNO,
    FILTERS,
    ICMP,
    ICMPV6,
    INET,
    INET6,
    IPPROTO_IP,
    IPPROTO_IPV6,
    MPTCP,
    NETLINK,
    NONBLOCK,
    NOTIFY,
    PACKET,
    RAW,
    REFUSED_OPTIONS,
    SCTP,
    SEQPACKET,
    SMC_PROTOCOL,
    STREAM,
    TCP,
    UDP,
    UNIX,
    VSOCK,
    Filter,
    every_filter,
)

Socket = tuple[int, int, int]

PF_UNIX = 1
OLD_PACKET = 10
SOCK_MAX = 11
EINVAL, ESOCKTNOSUPPORT = ERRNO | errno.EINVAL, ERRNO | errno.ESOCKTNOSUPPORT
KNOWN_TYPES = {
    UNIX: (STREAM, DGRAM, RAW, SEQPACKET),
    INET: (STREAM, DGRAM, RAW, OLD_PACKET),
    INET6: (STREAM, DGRAM, RAW),
    NETLINK: (DGRAM, RAW),
}

LOCAL = {
    *((UNIX, kind, protocol) for kind in (STREAM, SEQPACKET) for protocol in (0, PF_UNIX)),
    *((NETLINK, kind, 0) for kind in (RAW, DGRAM)),
}
STREAMS = {(family, STREAM, protocol) for family in (INET, INET6) for protocol in (0, TCP)}
DATAGRAMS = {(family, DGRAM, protocol) for family in (INET, INET6) for protocol in (0, UDP)}
UNIX_DATAGRAMS = {(UNIX, DGRAM, protocol) for protocol in (0, PF_UNIX)}
ALLOWED_SOCKETS: dict[Network, set[Socket]] = {
    "unrestricted": LOCAL | STREAMS | DATAGRAMS,
    "filtered": LOCAL | STREAMS,
    "blocked": LOCAL,
    "proxied": STREAMS | {(NETLINK, kind, 0) for kind in (RAW, DGRAM)},
}
FAMILIES = range(-1, 64)
TYPES = range(16)
PROTOCOLS = (-1, 0, 1, 2, ICMP, TCP, UDP, ICMPV6, SCTP, 255, SMC_PROTOCOL, MPTCP)
SOME_TYPES, SOME_PROTOCOLS = (
    (0, STREAM, DGRAM, RAW, SEQPACKET, SOCK_MAX),
    (-1, 0, TCP, SMC_PROTOCOL),
)
"""Of families that no filter lets through, whatever else a call says."""

with_rules = pytest.mark.parametrize(
    "which", [each for each in FILTERS if each.network != "unrestricted"], ids=str
)
without_rules = pytest.mark.parametrize(
    "which", [each for each in FILTERS if each.network == "unrestricted"], ids=str
)

CONNECTIONS: dict[Network, dict[str, int]] = {
    "unrestricted": {"connect": NOTIFY, "bind": NOTIFY, "listen": ALLOW},
    "filtered": {"connect": NOTIFY, "bind": NOTIFY, "listen": NOTIFY},
    "blocked": {"connect": NOTIFY, "bind": NOTIFY, "listen": ALLOW},
    "proxied": {"connect": NOTIFY, "bind": NOTIFY, "listen": NOTIFY},
}

ADMINISTERING_OPTIONS = {
    *((IPPROTO_IP, option) for option in (16, 17, *range(64, 260), -1)),
    *((IPPROTO_IPV6, option) for option in (34, 35, 64, 65, *range(128, 260), -1)),
}
"""What the owner of a network namespace may set on a socket in it,"""
TABLES = {
    *((IPPROTO_IP, option) for option in (*range(64, 80), *range(81, 260), -1)),
    *((IPPROTO_IPV6, option) for option in (64, 65, 68, 69, *range(128, 260), -1)),
}
"""and get. (80 is where a connection was going before it was led elsewhere.)"""
ENOPROTOOPT = ERRNO | errno.ENOPROTOOPT

OPTIONS_OF_EVERY_MODE = {
    (IPPROTO_IP, 4),
    *((IPPROTO_IPV6, option) for option in (6, 54, 55, 57, 59)),
    (TCP, 30),
    *ADMINISTERING_OPTIONS,
}


def expected_socket(which: Filter, call: Socket) -> int:
    domain, kind, protocol = call
    allowed = ALLOWED_SOCKETS[which.network]
    if which.broker and call in UNIX_DATAGRAMS:
        return NOTIFY
    if which.network == "blocked" and domain in (INET, INET6):
        return NOTIFY if which.broker else EAFNOSUPPORT
    if which.network == "filtered" and (domain, kind & 0xF, protocol) in DATAGRAMS:
        return NOTIFY if which.broker else EPROTONOSUPPORT
    return _of_kernel(call, allowed)


def expected_pair(which: Filter, call: Socket) -> int:
    """What is no pair to the kernel it says itself."""
    if which.broker and call in UNIX_DATAGRAMS:
        return NOTIFY
    return _of_kernel(call, ALLOWED_SOCKETS["unrestricted"])


def _of_kernel(call: Socket, allowed: set[Socket]) -> int:
    """What socket(2) says first."""
    domain, kind, protocol = call
    if kind & ~(0xF | CLOEXEC | NONBLOCK):
        return EINVAL
    if domain not in {family for family, _, _ in allowed}:
        return EAFNOSUPPORT
    kind &= 0xF
    if kind >= SOCK_MAX:
        return EINVAL
    if domain == UNIX and protocol not in (0, PF_UNIX):
        return EPROTONOSUPPORT
    if kind not in KNOWN_TYPES[domain]:
        return ESOCKTNOSUPPORT
    return ALLOW if (domain, kind, protocol) in allowed else EPROTONOSUPPORT


@every_filter
def test_sockets(which: Filter) -> None:
    for domain in FAMILIES:
        is_known = domain in KNOWN_TYPES
        kinds, protocols = (TYPES, PROTOCOLS) if is_known else (SOME_TYPES, SOME_PROTOCOLS)
        for call in product((domain,), kinds, protocols):
            assert which.result("socket", call) == expected_socket(which, call), call
            assert which.result("socketpair", call) == expected_pair(which, call), call


@pytest.mark.parametrize("flags", [CLOEXEC, NONBLOCK, CLOEXEC | NONBLOCK])
@every_filter
def test_socket_flags_change_nothing(which: Filter, flags: int) -> None:
    calls = [(INET, STREAM, 0), (INET6, DGRAM, 0), (INET, DGRAM, UDP), (UNIX, DGRAM, 0)]
    for domain, kind, protocol in (*calls, (PACKET, RAW, 3), (ALG, SEQPACKET, 0)):
        expected = expected_socket(which, (domain, kind, protocol))
        assert which.result("socket", (domain, kind | flags, protocol)) == expected


@every_filter
def test_the_high_half_opens_no_socket(which: Filter) -> None:
    for call in ((INET, STREAM, 0), (INET6, DGRAM, UDP), (VSOCK, STREAM, 0), (INET, STREAM, MPTCP)):
        for position in range(3):
            dressed = list(call)
            dressed[position] |= 1 << 32
            assert which.result("socket", tuple(dressed)) == expected_socket(which, call)


@every_filter
def test_a_send_with_an_address_is_heard_of(which: Filter) -> None:
    assert which.result("sendto", (3, 4096, 1, 0, 4096, 110)) == (NOTIFY if which.broker else ALLOW)
    assert which.result("sendto", (3, 4096, 1, 0, 0, 0)) == ALLOW
    assert which.result("sendto", (3, 4096, 1, 0, 0, 1 << 32)) == ALLOW
    for name in ("sendmsg", "sendmmsg", "recvfrom", "recvmsg", "write"):
        assert which.result(name, (3, 4096, 1, 0, 4096, 110)) == ALLOW


@every_filter
def test_connections(which: Filter) -> None:
    for name, expected in CONNECTIONS[which.network].items():
        # Where the floor says which ports are reached, it does so without a broker.
        is_held = which.network == "proxied" and name == "connect"
        without = ALLOW if expected == ALLOW or is_held else EPERM
        assert which.result(name, (3, 4096, 16)) == (expected if which.broker else without)
    for name in ("accept", "accept4", "getsockname", "getpeername", "shutdown", "getsockopt"):
        assert which.result(name, (3, 4096, 16)) == ALLOW


SHARING = socket.SOL_SOCKET, socket.SO_REUSEPORT
"""The lane asks more of the kernel where a socket may share its port."""


@with_rules
def test_every_socket_option_with_rules(which: Filter) -> None:
    refused = REFUSED_OPTIONS | OPTIONS_OF_EVERY_MODE
    for level in (-1, 0, 1, 2, 6, 17, 41, 58, 255, 263, 270, 282):
        for option in (-1, *range(260)):
            expected = EPERM if (level, option) in refused else ALLOW
            if (level, option) == SHARING and which.network == "filtered" and which.broker:
                expected = NOTIFY
            assert which.result("setsockopt", (3, level, option, 4096, 4)) == expected
            expected = ENOPROTOOPT if (level, option) in TABLES else ALLOW
            assert which.result("getsockopt", (3, level, option, 4096, 4)) == expected


@every_filter
def test_what_changes_an_interface(which: Filter) -> None:
    for request in range(0x8880, 0x8A20):
        is_look = not 0x8900 <= request < 0x8A00 or request in LOOKING_REQUESTS.values()
        expected = ALLOW if is_look else EPERM
        assert which.result("ioctl", (3, request, 4096)) == expected
        assert which.result("ioctl", (3, request | 1 << 32, 4096)) == expected


@without_rules
def test_every_socket_option_without_rules(which: Filter) -> None:
    for level in (-1, 0, 1, 2, 6, 17, 41, 58, 255, 263, 270, 282):
        for option in (-1, *range(260)):
            expected = EPERM if (level, option) in OPTIONS_OF_EVERY_MODE else ALLOW
            assert which.result("setsockopt", (3, level, option, 4096, 4)) == expected


@every_filter
def test_no_mode_has_fast_open(which: Filter) -> None:
    fast_open = 0x20000000
    assert which.result("sendto", (3, 0, 0, fast_open, 4096, 16)) == EPERM
    assert which.result("sendmsg", (3, 4096, fast_open)) == EPERM
    assert which.result("sendmmsg", (3, 4096, 1, fast_open)) == EPERM
    assert which.result("setsockopt", (3, TCP, 30, 4096, 4)) == EPERM
    assert which.result("io_uring_setup", (8, 4096)) == ERRNO | errno.ENOSYS
