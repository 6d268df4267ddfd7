"""The filter for a Landlock that does not keep signals inside: ways to signal are handed over."""

import errno

import pytest

from nono.shims.linux import filter
from nono.shims.linux.filter import AUDIT_ARCH
from nono.shims.linux.refused_arguments import FIOASYNC
from nono.shims.linux.syscall_classes import ARCHES, number
from tests.shims.linux.filters import ALLOW, EPERM, ERRNO, NOTIFY
from tests.simulator import Program

F_SETFL, F_SETOWN, F_SETOWN_EX, F_SETSIG, F_SETLEASE = 4, 8, 15, 10, 1024
O_ASYNC, O_NONBLOCK = 0o20000, 0o4000
FIOSETOWN, SIOCSPGRP, TIOCSTI, FIONREAD = 0x8901, 0x8902, 0x5412, 0x541B
HIGH = 7 << 32
"""The half of a register that the kernel drops."""

SIGNALS = ["kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"]
CALLS: list[tuple[str, tuple[int, ...], int]] = [
    ("fcntl", (3, F_SETOWN, 77), NOTIFY),
    ("fcntl", (3, F_SETOWN | HIGH, 77 | HIGH), NOTIFY),
    ("fcntl", (3, F_SETOWN, 0), ALLOW),
    ("fcntl", (3, F_SETOWN_EX, 77), ERRNO | errno.EINVAL),
    ("fcntl", (3, F_SETSIG, 9), ALLOW),
    ("fcntl", (3, F_SETFL, O_NONBLOCK), ALLOW),
    ("fcntl", (3, F_SETFL, O_NONBLOCK | O_ASYNC), NOTIFY),
    ("fcntl", (3, F_SETFL | HIGH, O_ASYNC | HIGH), NOTIFY),
    ("fcntl", (3, F_SETLEASE, 0), NOTIFY),
    ("ioctl", (3, FIOASYNC, 77), NOTIFY),
    ("ioctl", (3, FIOASYNC | HIGH, 77), NOTIFY),
    ("ioctl", (3, FIOSETOWN, 77), EPERM),
    ("ioctl", (3, SIOCSPGRP, 77), EPERM),
    ("ioctl", (3, TIOCSTI, 77), EPERM),
    ("ioctl", (3, FIONREAD, 77), ALLOW),
]


@pytest.mark.parametrize("arch", ARCHES)
def test_every_way_to_signal_others_is_decided(arch: str) -> None:
    which = next(each for each in ARCHES if each == arch)
    usual, unscoped = (Program(filter.build(which, scoped=scoped)) for scoped in (True, False))

    def result(program: Program, name: str, values: tuple[int, ...] = ()) -> int:
        return program.run(number(which, name), AUDIT_ARCH[which], values).result

    for name in SIGNALS:
        assert (result(usual, name), result(unscoped, name)) == (ALLOW, NOTIFY)
    for name, values, expected in CALLS:
        assert result(unscoped, name, values) == expected, (name, values)


def test_without_a_broker_nobody_is_asked() -> None:
    assert filter.build("x86_64", broker=False, scoped=False) == filter.build(
        "x86_64", broker=False
    )
