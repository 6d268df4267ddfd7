"""What the kernel holds a program to: its Landlock ruleset, its filter, its capabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nono.shims.errors import ShimError
from nono.shims.linux import capabilities, landlock
from nono.shims.linux.syscall_classes import machine
from nono.supervisor.errors import StartError

if TYPE_CHECKING:
    from nono.shims.linux.syscall_classes import Network

KEPT_CAPABILITIES = frozenset(
    capabilities.NUMBERS[name]
    for name in ("CAP_DAC_OVERRIDE", "CAP_CHOWN", "CAP_FOWNER", "CAP_FSETID")
)
"""What root keeps: the rights over files. Where they reach is Landlock's and the broker's."""


def check_kernel(best_effort: bool) -> int:
    """The running Landlock ABI. Raises StartError for what it cannot enforce."""
    abi = landlock.abi_version()
    if abi == 0:
        raise StartError(
            "this kernel offers no Landlock, which the floor is made of (Linux 5.13, and"
            " `landlock` in the kernel's list of security modules)",
            "nono setup --check",
        )
    lost = landlock.lost(abi)
    if lost and not best_effort:
        raise StartError(
            f"this kernel's Landlock (ABI {abi}) cannot refuse: {'; '.join(lost)}",
            "add --best-effort to run with less, or use a newer kernel",
        )
    return abi


def filter_program(network: Network, broker: bool) -> bytes:
    """The seccomp filter for this machine. Raises StartError where none can be built.

    Here the errors of the shims become ours.
    """
    from nono.shims.linux import filter as seccomp_filter

    try:
        return seccomp_filter.build(machine(), network, broker=broker)
    except ShimError as error:
        raise StartError(error.message, error.hint) from error
