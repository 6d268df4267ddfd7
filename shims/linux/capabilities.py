"""Capabilities of the calling thread, through the raw system calls (no libcap).

Source: capabilities(7), capget(2), PR_CAPBSET_DROP and PR_CAP_AMBIENT in prctl(2).
"""

from __future__ import annotations

import contextlib
import errno
import struct
from collections.abc import Iterator

from nono.shims.linux.libc import address, ffi, syscall
from nono.shims.linux.process import prctl, set_no_new_privs
from nono.shims.linux.syscall_classes import own_number
from nono.shims.named_tuple import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Final

_CAPGET: Final = own_number("capget")
_CAPSET: Final = own_number("capset")

_PR_CAPBSET_READ: Final = 23
_PR_CAPBSET_DROP: Final = 24
_PR_CAP_AMBIENT: Final = 47
_PR_CAP_AMBIENT_CLEAR_ALL: Final = 4

_VERSION_3: Final = 0x20080522
_HEADER: Final = struct.Struct("=Ii")  # u32 version, int pid; 0 is the calling thread
# Two of {u32 effective, permitted, inheritable}: first the low 32 capabilities, then the high.
_DATA: Final = struct.Struct("=6I")

NUMBERS: Final[dict[str, int]] = {
    name: index
    for index, name in enumerate(
        (
            "CAP_CHOWN",
            "CAP_DAC_OVERRIDE",
            "CAP_DAC_READ_SEARCH",
            "CAP_FOWNER",
            "CAP_FSETID",
            "CAP_KILL",
            "CAP_SETGID",
            "CAP_SETUID",
            "CAP_SETPCAP",
            "CAP_LINUX_IMMUTABLE",
            "CAP_NET_BIND_SERVICE",
            "CAP_NET_BROADCAST",
            "CAP_NET_ADMIN",
            "CAP_NET_RAW",
            "CAP_IPC_LOCK",
            "CAP_IPC_OWNER",
            "CAP_SYS_MODULE",
            "CAP_SYS_RAWIO",
            "CAP_SYS_CHROOT",
            "CAP_SYS_PTRACE",
            "CAP_SYS_PACCT",
            "CAP_SYS_ADMIN",
            "CAP_SYS_BOOT",
            "CAP_SYS_NICE",
            "CAP_SYS_RESOURCE",
            "CAP_SYS_TIME",
            "CAP_SYS_TTY_CONFIG",
            "CAP_MKNOD",
            "CAP_LEASE",
            "CAP_AUDIT_WRITE",
            "CAP_AUDIT_CONTROL",
            "CAP_SETFCAP",
            "CAP_MAC_OVERRIDE",
            "CAP_MAC_ADMIN",
            "CAP_SYSLOG",
            "CAP_WAKE_ALARM",
            "CAP_BLOCK_SUSPEND",
            "CAP_AUDIT_READ",
            "CAP_PERFMON",
            "CAP_BPF",
            "CAP_CHECKPOINT_RESTORE",
        )
    )
}
"""Name -> number, all that Linux has up to 6.18."""

_POSSIBLE: Final = range(64)
"""The kernel's structures have room for this many."""


class Sets(NamedTuple):
    """The sets of a thread that capget(2) tells."""

    effective: frozenset[int]
    permitted: frozenset[int]
    inheritable: frozenset[int]


def sets() -> Sets:
    """The capability sets of the calling thread."""
    header = ffi.from_buffer(_HEADER.pack(_VERSION_3, 0))
    data = bytearray(_DATA.size)
    syscall(_CAPGET, address(header), address(ffi.from_buffer(data)))
    words = _DATA.unpack(data)
    return Sets(*(_members(words[i] | words[i + 3] << 32) for i in range(3)))


def drop_to(keep: frozenset[int]) -> frozenset[int]:
    """Give up every capability of the calling thread outside `keep`, for good; returns the rest.

    The rest is what of `keep` was permitted; it becomes permitted and effective. The ambient and
    inheritable sets are emptied, and the bounding set is cut as by `cut_bounding_set`.

    Raises OSError if the kernel refuses a step; some steps may then have been taken.
    """
    cut_bounding_set(keep)
    return _drop_to(keep)


def drop_without_execve(keep: frozenset[int]) -> frozenset[int]:
    """As `drop_to`, for a thread that gets no_new_privs: then execve(2) gives nothing back either.

    The bounding set stays: to cut it takes the kernel a copy of the thread's credentials for each
    capability, 0.4 ms together.
    """
    set_no_new_privs()
    return _drop_to(keep)


def cut_bounding_set(keep: frozenset[int]) -> None:
    """What execve(2) may give the calling thread, and all that it starts, is at most `keep`.

    If CAP_SETPCAP is not effective, the set stays, and only no_new_privs stops execve(2) from
    giving something back. Raises OSError.
    """
    if NUMBERS["CAP_SETPCAP"] in sets().effective:
        for capability, inside in _read_bounding_set():
            if inside and capability not in keep:
                prctl(_PR_CAPBSET_DROP, capability)


def _drop_to(keep: frozenset[int]) -> frozenset[int]:
    prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    rest = sets().permitted & keep
    _set(rest, rest)
    return rest


@contextlib.contextmanager
def with_only(keep: frozenset[int]) -> Iterator[None]:
    """For the time of the block no capability outside `keep` is effective in the calling thread.

    They stay permitted, which is how they come back. The block must not leave the thread. Raises
    OSError.
    """
    before = sets()
    if before.effective <= keep:
        yield
        return
    _set(before.permitted, before.effective & keep, before.inheritable)
    try:
        yield
    finally:
        _set(before.permitted, before.effective, before.inheritable)


def of_masks(effective: int, permitted: int) -> Sets:
    """Sets as proc_pid_status(5) gives them, CapEff and CapPrm; the inheritable one is left out."""
    return Sets(_members(effective), _members(permitted), frozenset())


def _read_bounding_set() -> Iterator[tuple[int, bool]]:
    """Each capability of the running kernel, newer ones than ours included: is it in the set?"""
    for capability in _POSSIBLE:
        try:
            inside = prctl(_PR_CAPBSET_READ, capability) == 1
        except OSError as error:
            if error.errno == errno.EINVAL:
                return
            raise
        yield capability, inside


def _members(mask: int) -> frozenset[int]:
    return frozenset(capability for capability in _POSSIBLE if mask >> capability & 1)


def _set(
    permitted: frozenset[int],
    effective: frozenset[int],
    inheritable: frozenset[int] = frozenset(),
) -> None:
    masks = [sum(1 << number for number in each) for each in (effective, permitted, inheritable)]
    low = [mask & 0xFFFFFFFF for mask in masks]
    high = [mask >> 32 for mask in masks]
    header = ffi.from_buffer(_HEADER.pack(_VERSION_3, 0))
    data = ffi.from_buffer(_DATA.pack(*low, *high))
    syscall(_CAPSET, address(header), address(data))
