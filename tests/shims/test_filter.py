"""The filter of both architectures, run in the simulator at every boundary."""

import errno
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.shims.errors import FilterError
from nono.shims.linux import arguments, filter
from nono.shims.linux.filter import AUDIT_ARCH
from nono.shims.linux.syscalls import ARCHES, Arch, SyscallClass, number, table
from tests.simulator import Program

ALLOW = 0x7FFF0000
NOTIFY = 0x7FC00000
KILL_PROCESS = 0x80000000
ERRNO = 0x00050000

PROGRAMS = {arch: Program(filter.build(arch)) for arch in ARCHES}

RESULTS = {
    SyscallClass.NATIVE: ALLOW,
    SyscallClass.NOTIFY: NOTIFY,
    SyscallClass.ENOSYS: ERRNO | errno.ENOSYS,
    SyscallClass.EPERM: ERRNO | errno.EPERM,
}

every_arch = pytest.mark.parametrize("arch", ARCHES)
arches = st.sampled_from(ARCHES)
registers = st.integers(0, 2**64 - 1)

UNIX, INET, IPX, INET6, NETLINK, PACKET, VSOCK = 1, 2, 4, 10, 16, 17, 40
STREAM, DGRAM, RAW, SEQPACKET = 1, 2, 3, 5
ICMP, TCP, UDP, ICMPV6, SCTP, MPTCP = 1, 6, 17, 58, 132, 262
CLOEXEC, NONBLOCK = 0o2000000, 0o4000

ALLOWED_SOCKETS = {
    (UNIX, STREAM, 0),
    (UNIX, SEQPACKET, 0),
    (NETLINK, RAW, 0),
    (NETLINK, DGRAM, 0),
    *((family, STREAM, protocol) for family in (INET, INET6) for protocol in (0, TCP)),
    *((family, DGRAM, protocol) for family in (INET, INET6) for protocol in (0, UDP)),
}
SOCKET_FAMILIES = range(-1, 64)
SOCKET_TYPES = range(16)
SOCKET_PROTOCOLS = (-1, 0, 1, 2, ICMP, TCP, UDP, ICMPV6, SCTP, MPTCP, 255, 256)

EPERM = ERRNO | errno.EPERM
REFUSED: list[tuple[str, tuple[int, ...]]] = [
    ("sendto", (3, 0, 0, 0x20000000, 0, 0)),
    ("sendto", (3, 0, 0, 0x20004000, 0, 0)),
    ("sendmsg", (3, 0, 0x20000000)),
    ("sendmmsg", (3, 0, 1, 0x20000040)),
    ("setsockopt", (3, 6, 30, 0, 4)),
    ("prlimit64", (1, 7, 0, 0)),
    ("prlimit64", (-1, 7, 0, 0)),
    ("personality", (0x0040000,)),
    ("personality", (0,)),
    ("prctl", (35, 1, 0, 0, 0)),
    ("prctl", (0x59616D61, -1, 0, 0, 0)),
    *(("clone", (1 << bit | 17, 0)) for bit in (17, 25, 26, 27, 28, 29, 30)),
    *(("ioctl", (0, request, 0)) for request in arguments.TTY_REQUESTS.values()),
    *(("ioctl", (0, request, 0)) for request in arguments.METADATA_REQUESTS.values()),
]
ALLOWED: list[tuple[str, tuple[int, ...]]] = [
    ("sendto", (3, 0, 0, 0x5FFFFFFF & ~0x20000000, 0, 0)),
    ("sendmsg", (3, 0, 0x4040)),
    ("sendmmsg", (3, 0, 0x20000000, 0)),
    ("setsockopt", (3, 6, 1, 0, 4)),
    ("setsockopt", (3, 1, 30, 0, 4)),
    ("setsockopt", (3, 41, 30, 0, 4)),
    ("prlimit64", (0, 7, 0, 0)),
    ("personality", (0xFFFFFFFF,)),
    ("prctl", (38, 1, 0, 0, 0)),
    ("prctl", (4, 0, 0, 0, 0)),
    ("clone", (0x003D0F00, 0)),  # a thread
    ("clone", (0x01200011, 0)),  # fork(3)
    ("clone", (0x4111, 0)),  # vfork with a signal
    ("ioctl", (0, 0x5401, 0)),  # TCGETS
    ("ioctl", (0, 0x5410, 0)),  # TIOCSPGRP
    ("ioctl", (0, 0x40049409, 0)),  # FICLONE, for which the kernel wants a writable fd
]


def result(arch: Arch, name: str, values: tuple[int, ...]) -> int:
    return PROGRAMS[arch].run(number(arch, name), AUDIT_ARCH[arch], values).result


@every_arch
def test_every_number(arch: Arch) -> None:
    """From -1 to 600: what the table says, and ENOSYS for what it does not know."""
    program = PROGRAMS[arch]
    by_number = {call.number: call.syscall_class for call in table(arch).values()}
    for each in range(-1, 601):
        which = by_number.get(each, SyscallClass.ENOSYS)
        if which is not SyscallClass.ARGUMENTS:
            assert program.run(each, AUDIT_ARCH[arch]).result == RESULTS[which], each


@given(arches, st.integers(-(2**31), 2**32 - 1), st.lists(registers, max_size=6))
def test_unknown_numbers(arch: Arch, unknown: int, values: list[int]) -> None:
    known = {call.number for call in table(arch).values()}
    if unknown in known:
        return
    x32 = arch == "x86_64" and unknown & 0x40000000 and unknown & 0xFFFFFFFF != 0xFFFFFFFF
    expected = KILL_PROCESS if x32 else ERRNO | errno.ENOSYS
    assert PROGRAMS[arch].run(unknown, AUDIT_ARCH[arch], values).result == expected


def test_every_x32_number_kills() -> None:
    for each in (*range(0x40000000, 0x40000258), 0x7FFFFFFF, 0xC0000000, -2):
        run = PROGRAMS["x86_64"].run(each, AUDIT_ARCH["x86_64"])
        assert run.result == KILL_PROCESS, hex(each)


@every_arch
def test_other_architectures_kill(arch: Arch) -> None:
    i386, arm, riscv64 = 0x40000003, 0x40000028, 0xC00000F3
    others = {i386, arm, riscv64, 0, 0xFFFFFFFF, *AUDIT_ARCH.values()} - {AUDIT_ARCH[arch]}
    for other in others:
        for each in (*range(-1, 600), 0x40000000):
            assert PROGRAMS[arch].run(each, other).result == KILL_PROCESS


@given(arches, st.data(), st.lists(registers, min_size=6, max_size=6))
def test_arguments_matter_to_their_class_only(
    arch: Arch, data: st.DataObject, values: list[int]
) -> None:
    name = data.draw(st.sampled_from(sorted(table(arch))))
    which = table(arch)[name].syscall_class
    if which is not SyscallClass.ARGUMENTS:
        assert result(arch, name, tuple(values)) == RESULTS[which]


@every_arch
def test_decisions_without_arguments_load_none(arch: Arch) -> None:
    """The kernel's cache of allowed calls takes only such calls as these."""
    for name, (each, which) in table(arch).items():
        if which is not SyscallClass.ARGUMENTS:
            run = PROGRAMS[arch].run(each, AUDIT_ARCH[arch])
            assert run.loads == {0, 4}, name
            assert run.steps < 48, name


@every_arch
@pytest.mark.parametrize(("name", "values"), REFUSED)
def test_refused_arguments(arch: Arch, name: str, values: tuple[int, ...]) -> None:
    assert result(arch, name, values) == EPERM


@every_arch
@pytest.mark.parametrize(("name", "values"), ALLOWED)
def test_allowed_arguments(arch: Arch, name: str, values: tuple[int, ...]) -> None:
    assert result(arch, name, values) == ALLOW


def expected_socket(domain: int, kind: int, protocol: int) -> int:
    if domain not in (UNIX, INET, INET6, NETLINK):
        return ERRNO | errno.EAFNOSUPPORT
    allowed = (domain, kind & 0xF, protocol) in ALLOWED_SOCKETS
    return ALLOW if allowed else ERRNO | errno.EPROTONOSUPPORT


def expected_pair(domain: int, kind: int, protocol: int) -> int:
    if domain != UNIX:
        return ERRNO | errno.EAFNOSUPPORT
    allowed = kind & 0xF in (STREAM, SEQPACKET) and protocol == 0
    return ALLOW if allowed else ERRNO | errno.EPROTONOSUPPORT


@every_arch
def test_sockets(arch: Arch) -> None:
    for domain in SOCKET_FAMILIES:
        for kind in SOCKET_TYPES:
            for protocol in SOCKET_PROTOCOLS:
                call = (domain, kind, protocol)
                assert result(arch, "socket", call) == expected_socket(*call), call
                assert result(arch, "socketpair", call) == expected_pair(*call), call


@pytest.mark.parametrize("flags", [CLOEXEC, NONBLOCK, CLOEXEC | NONBLOCK])
@every_arch
def test_socket_flags_change_nothing(arch: Arch, flags: int) -> None:
    for domain, kind, protocol in ((INET, STREAM, 0), (UNIX, DGRAM, 0), (PACKET, RAW, 3)):
        call = (domain, kind | flags, protocol)
        assert result(arch, "socket", call) == expected_socket(*call)


by_argument = st.sampled_from(sorted(arguments.rules("unrestricted")))
some_call = st.one_of(
    st.sampled_from(REFUSED + ALLOWED),
    st.tuples(by_argument, st.tuples(*[st.integers(0, 64)] * 3)),
    st.tuples(by_argument, st.tuples(*[registers] * 6)),
)


@given(arches, some_call, st.lists(st.integers(0, 2**32 - 1), min_size=6, max_size=6))
def test_the_high_half_of_an_int_changes_nothing(
    arch: Arch, call: tuple[str, tuple[int, ...]], high: list[int]
) -> None:
    """The kernel drops it: a refused value must not pass with some bit 32 to 63 set."""
    name, values = call
    low = [value & 0xFFFFFFFF for value in values]
    dressed = [value | extra << 32 for value, extra in zip(low, high, strict=False)]
    assert result(arch, name, tuple(dressed)) == result(arch, name, tuple(low))


@every_arch
def test_the_program_is_small_and_always_the_same(arch: Arch) -> None:
    assert filter.build(arch) == filter.build(arch)
    assert len(PROGRAMS[arch].instructions) < 1024  # the kernel takes 4096


def test_without_libseccomp_there_is_no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyseccomp", None)
    with pytest.raises(FilterError, match="hint: install libseccomp"):
        filter.build("x86_64")
