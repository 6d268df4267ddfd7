"""The filters of both architectures and all modes, run in the simulator at every boundary."""

import errno
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.shims.errors import FilterError
from nono.shims.linux import filter
from nono.shims.linux import refused_arguments as arguments
from nono.shims.linux.filter import AUDIT_ARCH
from nono.shims.linux.syscall_classes import Network, SyscallClass
from tests.shims.linux.filters import (
    ALLOW,
    DECIDED,
    EPERM,
    ERRNO,
    HELD_BY_REGISTERS,
    KILL_PROCESS,
    NETWORKS,
    NOTIFY,
    OBSCURING,
    REFUSED,
    UNKNOWN_COMMANDS,
    Filter,
    every_filter,
    filters,
)

RESULTS = {
    SyscallClass.NATIVE: ALLOW,
    SyscallClass.NOTIFY: NOTIFY,
    SyscallClass.ENOSYS: ERRNO | errno.ENOSYS,
    SyscallClass.EPERM: EPERM,
    SyscallClass.TOLD: NOTIFY,
}

registers = st.integers(0, 2**64 - 1)

ALLOWED: list[tuple[str, tuple[int, ...]]] = [
    ("sendto", (3, 0, 0, 0x5FFFFFFF & ~0x20000000, 0, 0)),
    ("sendmsg", (3, 0, 0x4040)),
    ("sendmmsg", (3, 0, 0x20000000, 0)),
    ("setsockopt", (3, 6, 1, 0, 4)),
    ("setsockopt", (3, 1, 30, 0, 4)),
    ("setsockopt", (3, 41, 30, 0, 4)),
    ("prlimit64", (0, 7, 0, 0)),
    ("personality", (0xFFFFFFFF,)),
    ("personality", (0,)),
    ("fcntl", (3, 1024, 2)),  # F_SETLEASE, F_UNLCK
    ("fcntl", (3, 1025, 0)),  # F_GETLEASE
    ("fcntl", (3, 6, 0)),  # F_SETLK
    ("fcntl", (3, 1030, 0)),  # F_DUPFD_CLOEXEC
    *(("flock", (3, operation)) for operation in (1, 5, 8, 12)),
    ("prctl", (38, 1, 0, 0, 0)),
    ("prctl", (4, 1, 0, 0, 0)),
    ("prctl", (3, 0, 0, 0, 0)),
    ("clone", (0x003D0F00, 0)),  # a thread
    ("clone", (0x01200011, 0)),  # fork(3)
    ("clone", (0x4111, 0)),  # vfork with a signal
    ("ioctl", (0, 0x5401, 0)),  # TCGETS
    ("ioctl", (0, 0x5410, 0)),  # TIOCSPGRP
    ("ioctl", (0, 0x40049409, 0)),  # FICLONE, for which the kernel wants a writable fd
]


@every_filter
def test_every_number(which: Filter) -> None:
    """From -1 to 600: what the table says, and ENOSYS for what it does not know."""
    by_number = {call.number: call.syscall_class for call in which.table.values()}
    for each in range(-1, 601):
        expected = by_number.get(each, SyscallClass.ENOSYS)
        if expected is not SyscallClass.ARGUMENTS:
            assert which.run(each).result == RESULTS[expected], each


@given(filters, st.integers(-(2**31), 2**32 - 1), st.lists(registers, max_size=6))
def test_unknown_numbers(which: Filter, unknown: int, values: list[int]) -> None:
    known = {call.number for call in which.table.values()}
    if unknown in known:
        return
    x32 = which.arch == "x86_64" and unknown & 0x40000000 and unknown & 0xFFFFFFFF != 0xFFFFFFFF
    expected = KILL_PROCESS if x32 else ERRNO | errno.ENOSYS
    assert which.run(unknown, tuple(values)).result == expected


@pytest.mark.parametrize("network", NETWORKS)
def test_every_x32_number_kills(network: Network) -> None:
    for each in (*range(0x40000000, 0x40000258), 0x7FFFFFFF, 0xC0000000, -2):
        run = Filter("x86_64", network, True).run(each)
        assert run.result == KILL_PROCESS, hex(each)


@every_filter
def test_other_architectures_kill(which: Filter) -> None:
    i386, arm, riscv64 = 0x40000003, 0x40000028, 0xC00000F3
    others = {i386, arm, riscv64, 0, 0xFFFFFFFF, *AUDIT_ARCH.values()} - {AUDIT_ARCH[which.arch]}
    for other in others:
        for each in (*range(-1, 600), 0x40000000):
            assert which.program.run(each, other).result == KILL_PROCESS


@given(filters, st.data(), st.lists(registers, min_size=6, max_size=6))
def test_arguments_matter_to_their_class_only(
    which: Filter, data: st.DataObject, values: list[int]
) -> None:
    name = data.draw(st.sampled_from(sorted(which.table)))
    expected = which.table[name].syscall_class
    if expected is not SyscallClass.ARGUMENTS:
        assert which.result(name, tuple(values)) == RESULTS[expected]


@every_filter
def test_decisions_without_arguments_load_none(which: Filter) -> None:
    """The kernel's cache of allowed calls takes only such calls as these."""
    for name, (each, syscall_class) in which.table.items():
        if syscall_class is not SyscallClass.ARGUMENTS:
            run = which.run(each)
            assert run.loads == {0, 4}, name
            assert run.steps < 48, name


@every_filter
@pytest.mark.parametrize(("name", "values"), REFUSED)
def test_refused_arguments(which: Filter, name: str, values: tuple[int, ...]) -> None:
    assert which.result(name, values) == EPERM


@every_filter
@pytest.mark.parametrize(("name", "values"), ALLOWED)
def test_allowed_arguments(which: Filter, name: str, values: tuple[int, ...]) -> None:
    assert which.result(name, values) == ALLOW


@every_filter
@pytest.mark.parametrize(("name", "values", "error"), DECIDED)
def test_what_is_decided_by_a_broker_is_refused_without(
    which: Filter, name: str, values: tuple[int, ...], error: int
) -> None:
    assert which.result(name, values) == (NOTIFY if which.broker else ERRNO | error)


@every_filter
@pytest.mark.parametrize(("name", "values"), OBSCURING)
def test_what_only_a_broker_wants_to_hear_of(
    which: Filter, name: str, values: tuple[int, ...]
) -> None:
    assert which.result(name, values) == (NOTIFY if which.broker else ALLOW)


@every_filter
@pytest.mark.parametrize(("name", "values"), UNKNOWN_COMMANDS)
def test_commands_that_are_as_unknown(which: Filter, name: str, values: tuple[int, ...]) -> None:
    assert which.result(name, values) == ERRNO | errno.EINVAL


@every_filter
@pytest.mark.parametrize(("name", "values", "error"), HELD_BY_REGISTERS)
def test_what_landlock_does_not_hold_of_an_open(
    which: Filter, name: str, values: tuple[int, ...], error: int
) -> None:
    if name in which.table:
        assert which.result(name, values) == (NOTIFY if which.broker else ERRNO | error)


@every_filter
def test_flags_in_memory_need_a_broker(which: Filter) -> None:
    assert which.result("openat", (-100, 0, 0o1, 0o4755)) != ERRNO | errno.EPERM
    flags = (0, 0o1, 0o1101, 0o10000003)
    expected = {NOTIFY if which.broker else ALLOW}
    assert {which.result("openat", (-100, 0, each, 0o600)) for each in flags} == expected
    openat2 = which.result("openat2", (-100, 0, 0, 24))
    assert openat2 == (NOTIFY if which.broker else ERRNO | errno.ENOSYS)


by_argument = st.sampled_from(sorted(arguments.rules("filtered")))
some_call = st.one_of(
    st.sampled_from(REFUSED + ALLOWED + UNKNOWN_COMMANDS + [each[:2] for each in DECIDED]),
    st.tuples(by_argument, st.tuples(*[st.integers(0, 64)] * 3)),
    st.tuples(by_argument, st.tuples(*[registers] * 6)),
)


@given(filters, some_call, st.lists(st.integers(0, 2**32 - 1), min_size=6, max_size=6))
def test_the_high_half_of_an_int_changes_nothing(
    which: Filter, call: tuple[str, tuple[int, ...]], high: list[int]
) -> None:
    """The kernel drops it: a refused value must not pass with some bit 32 to 63 set."""
    name, values = call
    low = [value & 0xFFFFFFFF for value in values]
    dressed = [value | extra << 32 for value, extra in zip(low, high, strict=False)]
    assert which.result(name, tuple(dressed)) == which.result(name, tuple(low))


@every_filter
def test_the_program_is_small_and_always_the_same(which: Filter) -> None:
    assert which.build() == which.build()
    assert len(which.program.instructions) < 1100  # the kernel takes 4096


@every_filter
def test_without_a_broker_nothing_is_notified(which: Filter) -> None:
    """A filter that has no listener gives ENOSYS for it: a program would look for another way."""
    results = {instruction.k for instruction in which.program.instructions if instruction.code == 6}
    assert (NOTIFY in results) == which.broker


def test_without_libseccomp_there_is_no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyseccomp", None)
    with pytest.raises(FilterError, match="hint: install libseccomp"):
        filter.build("x86_64")


def test_where_libseccomp_cannot_be_opened_the_hint_is_not_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @contextmanager
    def full() -> Iterator[None]:
        raise OSError("libseccomp.so.2: cannot open shared object file: Too many open files")
        yield

    monkeypatch.setattr(filter, "found_by_name", full)
    with pytest.raises(FilterError, match="Too many open files\nhint: ulimit -n 1024"):
        filter.build("x86_64")
