"""The seccomp filter, built from the table of system calls.

First the architecture, then the calls that are decided by their arguments, the newest numbers, x32,
and a search tree over all other numbers. It is not libseccomp's work: that cannot compare one
argument with several values when the default is to allow, does not name every number of the table,
and takes longer to load than to search.

A native call's path loads nothing but its number and the architecture, so the kernel finds out
when the filter is loaded that it is always allowed, and does not run the filter for it again.

Sources: seccomp(2), Documentation/userspace-api/seccomp_filter.rst.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Final

from nono.shims.linux import bpf
from nono.shims.linux import refused_arguments as arguments
from nono.shims.linux.syscall_classes import Arch, Network, Syscall, SyscallClass, table

AUDIT_ARCH: Final[dict[Arch, int]] = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

_X32_BIT: Final = 0x40000000
_NO_CALL: Final = 0xFFFFFFFF
"""-1: a tracer's way to skip a call. It has the x32 bit and is not an x32 call."""

FIRST_NEW_NUMBER: Final = 450
"""From here on few numbers are known, and all others are x32's or unknown."""

_UNKNOWN: Final = bpf.errno_result(errno.ENOSYS)

_ACTIONS: Final[dict[SyscallClass, int]] = {
    SyscallClass.NATIVE: bpf.ALLOW,
    SyscallClass.NOTIFY: bpf.NOTIFY,
    SyscallClass.TOLD: bpf.NOTIFY,
    SyscallClass.EPERM: bpf.errno_result(errno.EPERM),
}
# ENOSYS is what remains for every other number; ARGUMENTS are decided before.


def build(
    arch: Arch,
    network: Network = "unrestricted",
    *,
    broker: bool = True,
    scoped: bool = True,
    copies: bool = True,
) -> bytes:
    """The filter as an array of struct sock_filter, the same on a host of either architecture.

    Without a `broker` it needs no listener; `scoped` says that Landlock keeps signals inside, and
    without `copies` it reports more: see `syscall_classes.classes`.
    """
    calls = table(arch, network, broker=broker, scoped=scoped, copies=copies)
    rules = arguments.rules(network, broker=broker, scoped=scoped, copies=copies)
    by_argument = _by_argument(rules, calls, broker)
    return bpf.assemble(_prologue(arch, by_argument, calls) + _search_tree(calls))


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


def _search_tree(calls: Mapping[str, Syscall]) -> bpf.Code:
    """The result of each number below `FIRST_NEW_NUMBER`, found by halving."""
    actions = {
        call.number: _ACTIONS[call.syscall_class]
        for call in calls.values()
        if call.syscall_class in _ACTIONS
    }
    ranges: list[tuple[int, int]] = []
    for number in range(FIRST_NEW_NUMBER):
        action = actions.get(number, _UNKNOWN)
        if not ranges or ranges[-1][1] != action:
            ranges.append((number, action))
    return bpf.search(ranges)
