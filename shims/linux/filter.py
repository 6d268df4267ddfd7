"""The seccomp filter, built from the table of system calls.

Two parts, one after the other:

1. ours: the architecture, x32, arguments, and the numbers that libseccomp may be too old to name.
   (It also cannot compare one argument with several values when the default is to allow.)
2. libseccomp's: a search tree over all other numbers.

A native call's path loads nothing but its number and the architecture, so the kernel finds out
when the filter is loaded that it is always allowed, and does not run the filter for it again.

Sources: seccomp(2), Documentation/userspace-api/seccomp_filter.rst, seccomp_rule_add(3).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from typing import Final

from nono.shims.errors import FilterError
from nono.shims.linux import bpf, marked_opens
from nono.shims.linux import refused_arguments as arguments
from nono.shims.linux.libseccomp import found_by_name
from nono.shims.linux.syscall_classes import (
    MAKING_PROCESSES,
    Arch,
    Network,
    Syscall,
    SyscallClass,
    table,
)

AUDIT_ARCH: Final[dict[Arch, int]] = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_X32_BIT: Final = 0x40000000
_NO_CALL: Final = 0xFFFFFFFF
"""-1: a tracer's way to skip a call. It has the x32 bit and is not an x32 call."""

FIRST_NEW_NUMBER: Final = 450
"""From here on the numbers are ours: libseccomp 2.5.4 does not name them all."""

_UNKNOWN: Final = bpf.errno_result(errno.ENOSYS)

_ACTIONS: Final[dict[SyscallClass, int]] = {
    SyscallClass.NATIVE: bpf.ALLOW,
    SyscallClass.NOTIFY: bpf.NOTIFY,
    SyscallClass.TOLD: bpf.NOTIFY,
    SyscallClass.EPERM: bpf.errno_result(errno.EPERM),
}
# ENOSYS is what remains for every other number; ARGUMENTS are decided before.

_CTL_OPTIMIZE_TREE: Final = 2


def build(
    arch: Arch,
    network: Network = "unrestricted",
    *,
    broker: bool = True,
    scoped: bool = True,
    copies: bool = True,
    marked: bool = False,
    counted: bool = False,
) -> bytes:
    """The filter as an array of struct sock_filter, the same on a host of either architecture.

    Without a `broker` it needs no listener; `scoped` says that Landlock keeps signals inside, and
    without `copies` it reports more: see `syscall_classes.classes`. With `marked`, which needs a
    broker, opens that carry the mark are the kernel's: `marked_opens`. With `counted`, which needs
    one as well, it hears of every new process and thread. Raises FilterError if
    libseccomp is missing, or too old for the table.
    """
    calls = table(arch, network, broker=broker, scoped=scoped, copies=copies, counted=counted)
    rules = arguments.rules(network, broker=broker, scoped=scoped, copies=copies)
    if counted:
        # The broker looks at their arguments, too.
        rules = {name: each for name, each in rules.items() if name not in MAKING_PROCESSES}
    by_argument = _by_argument(rules, calls, broker)
    if marked:
        by_argument = marked_opens.let_through(arch, calls["openat"].number) + by_argument
    return bpf.assemble(_prologue(arch, by_argument, calls)) + _search_tree(arch, calls)


def _prologue(arch: Arch, by_argument: bpf.Code, calls: Mapping[str, Syscall]) -> bpf.Code:
    return (
        bpf.load(bpf.ARCH)
        + bpf.unless_among((AUDIT_ARCH[arch],), bpf.result(bpf.KILL_PROCESS))
        + bpf.load(bpf.NUMBER)
        + by_argument
        + bpf.when_at_least(FIRST_NEW_NUMBER, _new_numbers(arch, calls))
    )


def _by_argument(
    rules: Mapping[str, tuple[arguments.Refusal, ...]], calls: Mapping[str, Syscall], broker: bool
) -> bpf.Code:
    code: bpf.Code = ()
    for name, refusals in rules.items():
        if name not in calls:
            continue  # aarch64 has no open
        refused = (_refuse(refusal, broker) for refusal in refusals)
        body = sum(refused, ()) + bpf.result(bpf.ALLOW)
        code += bpf.when_among((calls[name].number,), body)
    return code


def _refuse(refusal: arguments.Refusal, broker: bool) -> bpf.Code:
    """Each condition in turn guards the rest."""
    reported = broker and refusal.reported
    code = bpf.result(bpf.NOTIFY if reported else bpf.errno_result(refusal.error))
    for argument, values, mask, outside in reversed(refusal.conditions):
        guard = bpf.unless_among if outside else bpf.when_among
        masked = () if mask == arguments.ALL_BITS else bpf.mask(mask)
        code = bpf.load_argument(argument) + masked + guard(values, code)
    return code


def _new_numbers(arch: Arch, calls: Mapping[str, Syscall]) -> bpf.Code:
    code: bpf.Code = ()
    if arch == "x86_64":
        kill = bpf.when_any_bit(_X32_BIT, bpf.result(bpf.KILL_PROCESS))
        code = bpf.unless_among((_NO_CALL,), kill)
    for which, action in _ACTIONS.items():
        numbers = [
            call.number
            for call in calls.values()
            if call.syscall_class is which and call.number >= FIRST_NEW_NUMBER
        ]
        if numbers:
            code += bpf.when_among(numbers, bpf.result(action))
    return code + bpf.result(_UNKNOWN)


_INSTALL = "install libseccomp (Debian, Ubuntu: libseccomp2; Alpine, Arch, Fedora: libseccomp)"


def _search_tree(arch: Arch, calls: Mapping[str, Syscall]) -> bytes:
    try:
        # Here, because it raises OSError where the library is missing.
        with found_by_name():
            import pyseccomp
    except (ImportError, OSError) as error:
        # The dynamic linker says it in words alone.
        is_full = os.strerror(errno.EMFILE) in str(error)
        raise FilterError(
            f"cannot build the system call filter: {error}",
            "ulimit -n 1024" if is_full else _INSTALL,
        ) from error
    tree = pyseccomp.SyscallFilter(_UNKNOWN)
    if not tree.exist_arch(AUDIT_ARCH[arch]):
        tree.add_arch(AUDIT_ARCH[arch])
        tree.remove_arch(pyseccomp.Arch.NATIVE)
    tree.set_attr(pyseccomp.Attr.ACT_BADARCH, bpf.KILL_PROCESS)
    tree.set_attr(pyseccomp.Attr.CTL_OPTIMIZE, _CTL_OPTIMIZE_TREE)
    for name, (number, which) in calls.items():
        if which in _ACTIONS and number < FIRST_NEW_NUMBER:
            # By name: libseccomp takes a number for one of the host's.
            try:
                tree.add_rule(_ACTIONS[which], name)
            except OSError as error:
                raise FilterError(
                    f"cannot build the system call filter: libseccomp refuses {name}: {error}",
                    "install libseccomp 2.5.4 or newer",
                ) from error
    with os.fdopen(os.memfd_create("filter"), "w+b") as file:
        tree.export_bpf(file)
        file.seek(0)
        return file.read()
