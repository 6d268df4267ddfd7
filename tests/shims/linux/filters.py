"""Every filter that there is, in the simulator."""

import errno
from typing import NamedTuple

import pytest
from hypothesis import strategies as st

from nono.shims.linux import filter
from nono.shims.linux import refused_arguments as arguments
from nono.shims.linux.filter import AUDIT_ARCH
from nono.shims.linux.syscall_classes import ARCHES, Arch, Network, Syscall, number, table
from tests.simulator import Program, Run

ALLOW = 0x7FFF0000
NOTIFY = 0x7FC00000
KILL_PROCESS = 0x80000000
ERRNO = 0x00050000
EPERM = ERRNO | errno.EPERM
EAFNOSUPPORT = ERRNO | errno.EAFNOSUPPORT
EPROTONOSUPPORT = ERRNO | errno.EPROTONOSUPPORT

UNIX, INET, INET6, NETLINK, PACKET, ALG, VSOCK = 1, 2, 10, 16, 17, 38, 40
STREAM, DGRAM, RAW, SEQPACKET = 1, 2, 3, 5
ICMP, TCP, UDP, ICMPV6, SCTP, SMC_PROTOCOL, MPTCP = 1, 6, 17, 58, 132, 256, 262
CLOEXEC, NONBLOCK = 0o2000000, 0o4000
SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6 = 1, 0, 41

NETWORKS: tuple[Network, ...] = ("unrestricted", "filtered", "blocked", "proxied")


class Filter(NamedTuple):
    """What a filter is built from."""

    arch: Arch
    network: Network
    broker: bool

    def build(self) -> bytes:
        return filter.build(self.arch, self.network, broker=self.broker)

    @property
    def table(self) -> dict[str, Syscall]:
        return dict(table(self.arch, self.network, broker=self.broker))

    @property
    def program(self) -> Program:
        return PROGRAMS[self]

    def run(self, number: int, values: tuple[int, ...] = ()) -> Run:
        return self.program.run(number, AUDIT_ARCH[self.arch], values)

    def result(self, name: str, values: tuple[int, ...] = ()) -> int:
        return self.run(number(self.arch, name), values).result

    def __str__(self) -> str:
        return f"{self.arch}-{self.network}-{'broker' if self.broker else 'floor'}"


FILTERS = [
    Filter(arch, network, broker)
    for arch in ARCHES
    for network in NETWORKS
    for broker in (True, False)
]
PROGRAMS = {each: Program(each.build()) for each in FILTERS}

every_filter = pytest.mark.parametrize("which", FILTERS, ids=str)
filters = st.sampled_from(FILTERS)


REFUSED: list[tuple[str, tuple[int, ...]]] = [
    ("sendto", (3, 0, 0, 0x20000000, 0, 0)),
    ("sendto", (3, 0, 0, 0x20004000, 0, 0)),
    ("sendmsg", (3, 0, 0x20000000)),
    ("sendmmsg", (3, 0, 1, 0x20000040)),
    ("setsockopt", (3, 6, 30, 0, 4)),
    ("setsockopt", (3, 0, 4, 0, 4)),
    *(("setsockopt", (3, 41, option, 0, 4)) for option in (6, 54, 55, 57, 59)),
    ("personality", (0x0040000,)),
    ("personality", (8,)),
    ("prctl", (35, 1, 0, 0, 0)),
    ("prctl", (0x59616D61, -1, 0, 0, 0)),
    *(("ioctl", (0, request, 0)) for request in arguments.TTY_REQUESTS.values()),
    *(("ioctl", (0, request, 0)) for request in arguments.METADATA_REQUESTS.values()),
]
"""Calls that every filter refuses with EPERM, by their arguments."""

DECIDED: list[tuple[str, tuple[int, ...], int]] = [
    ("prlimit64", (1, 7, 0, 0), errno.EPERM),
    ("prlimit64", (-1, 7, 0, 0), errno.EPERM),
    ("fcntl", (3, 1024, 0), errno.EAGAIN),
    ("fcntl", (3, 1024, 1), errno.EAGAIN),
    ("flock", (3, 2), errno.ENOSYS),
    ("flock", (3, 6), errno.ENOSYS),
    ("ioctl", (3, 0x40086602, 0), errno.EPERM),
    *(("clone", (1 << bit | 17, 0), errno.EPERM) for bit in (17, 25, 26, 27, 28, 29, 30)),
]
"""Calls that a broker decides about, by their arguments; their errno where there is none."""

OBSCURING: list[tuple[str, tuple[int, ...]]] = [
    ("prctl", (36, 1, 0, 0, 0)),
    ("prctl", (36, 0, 0, 0, 0)),
    ("prctl", (4, 0, 0, 0, 0)),
    ("clone", (0x8000 | 17, 0)),
]
"""Calls that a broker hears of and that every filter allows without one."""

UNKNOWN_COMMANDS: list[tuple[str, tuple[int, ...]]] = [
    ("fcntl", (3, command, 0)) for command in (1036, 1038, 1040)
]
"""Calls that every filter refuses with EINVAL."""

HELD_BY_REGISTERS: list[tuple[str, tuple[int, ...], int]] = [
    ("open", (0, 3, 0), errno.EACCES),
    ("open", (0, 0o2003, 0), errno.EACCES),
    ("openat", (0, 0, 3, 0), errno.EACCES),
    ("openat", (0, 0, 0o2000003, 0), errno.EACCES),
    ("open", (0, 0o101, 0o4755), errno.EPERM),
    ("open", (0, 0o20200002, 0o2755), errno.EPERM),
    ("openat", (0, 0, 0o101, 0o4755), errno.EPERM),
    ("openat", (0, 0, 0o20200002, 0o6755), errno.EPERM),
    ("creat", (0, 0o2755), errno.EPERM),
    ("mknod", (0, 0o104755, 0), errno.EPERM),
    ("mknodat", (0, 0, 0o102755, 0), errno.EPERM),
]
"""Opens, and makings of files, that Landlock does not hold; their errno without a broker."""

REFUSED_OPTIONS = {
    *((SOL_SOCKET, option) for option in (25, 62)),
    *((IPPROTO_IP, option) for option in (*range(35, 49), 50)),
    *((IPPROTO_IPV6, option) for option in (3, 4, 5, 20, 21, *range(42, 49), 76)),
    (TCP, 31),
}
"""Levels and options of setsockopt(2) that the filter of a filtered network refuses."""
