"""What the kernel holds a program to: its Landlock ruleset, its filter, its capabilities."""

from __future__ import annotations

from nono.shims.linux import capabilities, landlock
from nono.supervisor.errors import StartError

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
