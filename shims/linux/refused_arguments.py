"""Calls that are allowed unless an argument is one of the refused ones, as data.

A filter sees the registers, never what they point to. Every argument here is an int for the
kernel, which drops the high half of the register.

Sources: socket(2), clone(2), prctl(2), ioctl_tty(2), socket(7), ip(7), ipv6(7), tcp(7), netlink(7),
RFC 3542 and the kernel's uapi headers of the names used.
"""

from __future__ import annotations

import errno
import os
from typing import Final

from nono.shims.linux import network_administration as administration
from nono.shims.linux import socket_kinds as kinds
from nono.shims.linux.at import ACCESS_MODE
from nono.shims.linux.network_administration import Options
from nono.shims.linux.sending_options import DESTINATION_OPTIONS, FILTERED_OPTIONS
from nono.shims.linux.syscall_classes import Network
from nono.shims.named_tuple import NamedTuple

ALL_BITS: Final = 0xFFFFFFFF


class Condition(NamedTuple):
    """True if the argument, under the mask, is one of `values` (with `outside`: none of them)."""

    argument: int
    values: tuple[int, ...]
    mask: int = ALL_BITS
    outside: bool = False


class Refusal(NamedTuple):
    """The call fails with `error` if every condition is true."""

    error: int
    conditions: tuple[Condition, ...]
    reported: bool = False
    """Where there is a broker, the call goes to it, to be decided; without one it fails."""


def _is(argument: int, *values: int, mask: int = ALL_BITS) -> Condition:
    return Condition(argument, values, mask)


def _is_not(argument: int, *values: int, mask: int = ALL_BITS) -> Condition:
    return Condition(argument, values, mask, outside=True)


def _any_bit(argument: int, bits: int) -> Condition:
    return Condition(argument, (0,), bits, outside=True)


def _refuse(*conditions: Condition, error: int = errno.EPERM) -> Refusal:
    return Refusal(error, conditions)


_MSG_FASTOPEN: Final = 0x20000000
PR_SET_DUMPABLE: Final = 4
_PR_SET_MM: Final = 35
_PR_SET_CHILD_SUBREAPER: Final = 36
_PR_SET_PTRACER: Final = 0x59616D61
_PER_LINUX: Final = 0
"""What every program has that asked for nothing else."""
_PERSONALITY_QUERY: Final = 0xFFFFFFFF

CLONE_NEW: Final = 0x7E020000
"""CLONE_NEWNS NEWCGROUP NEWUTS NEWIPC NEWUSER NEWPID NEWNET. (CLONE_NEWTIME is not among
clone's flags: its bit belongs to the signal number there.)"""

CLONE_PARENT: Final = 0x00008000
"""The child is a sibling of the one that makes it: clone(2)."""

TTY_REQUESTS: Final[dict[str, int]] = {
    "TIOCSTI": 0x5412,
    "TIOCLINUX": 0x541C,
    "TIOCCONS": 0x541D,
    "TIOCSETD": 0x5423,
}
"""ioctl(2) requests that act on whoever else uses the terminal."""

METADATA_REQUESTS: Final[dict[str, int]] = {
    "FS_IOC32_SETFLAGS": 0x40046602,
    "FS_IOC_FSSETXATTR": 0x401C5820,
    "FS_IOC_SETVERSION": 0x40087602,
    "FS_IOC32_SETVERSION": 0x40047602,
    "EXT4_IOC_SETVERSION": 0x40086604,
    "EXT4_IOC32_SETVERSION": 0x40046604,
    "FS_IOC_ENABLE_VERITY": 0x40806685,
    "FS_IOC_SET_ENCRYPTION_POLICY": 0x800C6613,
    "FAT_IOCTL_SET_ATTRIBUTES": 0x40047211,
    "BTRFS_IOC_SNAP_CREATE": 0x50009401,
    "BTRFS_IOC_SUBVOL_CREATE": 0x5000940E,
    "BTRFS_IOC_SNAP_DESTROY": 0x5000940F,
    "BTRFS_IOC_SNAP_CREATE_V2": 0x50009417,
    "BTRFS_IOC_SUBVOL_CREATE_V2": 0x50009418,
    "BTRFS_IOC_SUBVOL_SETFLAGS": 0x4008941A,
    "BTRFS_IOC_SET_RECEIVED_SUBVOL": 0xC0C89425,
    "BTRFS_IOC_SNAP_DESTROY_V2": 0x5000943F,
}
"""ioctl(2) requests that change files or directories through an fd opened for reading only."""

FS_IOC_SETFLAGS: Final = 0x40086602
"""ioctl(2) request of chattr(1), which is decided by the flags."""


def _refuse_options(*tables: Options, error: int = errno.EPERM) -> tuple[Refusal, ...]:
    levels: dict[int, list[int]] = {}
    for options in tables:
        for level, named in options.items():
            levels.setdefault(level, []).extend(named.values())
    return tuple(
        _refuse(_is(1, level), _is(2, *numbers), error=error) for level, numbers in levels.items()
    )


def _refuse_foreign(*but: Condition, error: int = errno.EPERM) -> tuple[Refusal, ...]:
    return tuple(
        _refuse(_is(1, level), _any_bit(2, -first & ALL_BITS), *but, error=error)
        for level, first in administration.FIRST_FOREIGN_OPTION.items()
    )


_ADMINISTERING: Final = (
    *_refuse_options(administration.POLICY_OPTIONS, administration.TABLE_OPTIONS),
    *_refuse_foreign(),
)
_ADMINISTERED: Final = (
    *_refuse_options(
        administration.TABLE_OPTIONS, administration.REVISION_OPTIONS, error=errno.ENOPROTOOPT
    ),
    *_refuse_foreign(_is_not(2, administration.SO_ORIGINAL_DST), error=errno.ENOPROTOOPT),
)

F_SETFL: Final = 4
F_SETOWN: Final = 8
_F_SETOWN_EX: Final = 15
O_ASYNC: Final = 0o20000
FIOASYNC: Final = 0x5452
_OWNER_REQUESTS: Final[dict[str, int]] = {"FIOSETOWN": 0x8901, "SIOCSPGRP": 0x8902}

_LOCK_EX: Final = 2
_F_SETLEASE: Final = 1024
_F_SET_RW_HINT: Final = 1036
_F_SET_FILE_RW_HINT: Final = 1038
_F_SETDELEG: Final = 1040
_F_UNLCK: Final = 2

_RULES: Final[dict[str, tuple[Refusal, ...]]] = {
    "sendto": (_refuse(_any_bit(3, _MSG_FASTOPEN)),),
    "sendmsg": (_refuse(_any_bit(2, _MSG_FASTOPEN)),),
    "sendmmsg": (_refuse(_any_bit(3, _MSG_FASTOPEN)),),
    "ioctl": (
        _refuse(_is(1, *TTY_REQUESTS.values(), *METADATA_REQUESTS.values())),
        Refusal(errno.EPERM, (_is(1, FS_IOC_SETFLAGS),), reported=True),
        _refuse(
            _is(1, administration.SOCKET_REQUESTS, mask=0xFFFFFF00),
            _is_not(1, *administration.LOOKING_REQUESTS.values()),
        ),
    ),
    "clone": (Refusal(errno.EPERM, (_any_bit(0, CLONE_NEW),), reported=True),),
    "prctl": (_refuse(_is(0, _PR_SET_MM, _PR_SET_PTRACER)),),
    "setsockopt": _refuse_options(DESTINATION_OPTIONS) + _ADMINISTERING,
    "getsockopt": _ADMINISTERED,
    # A descriptor open for reading is enough for these: to keep everybody else out of the file,
    "fcntl": (
        Refusal(errno.EAGAIN, (_is(1, _F_SETLEASE), _is_not(2, _F_UNLCK)), reported=True),
        # or to change it. EINVAL is what a kernel says that does not have them.
        _refuse(_is(1, _F_SET_RW_HINT, _F_SET_FILE_RW_HINT, _F_SETDELEG), error=errno.EINVAL),
    ),
    # ENOSYS lets programs that could do without the lock go on.
    "flock": (Refusal(errno.ENOSYS, (_any_bit(1, _LOCK_EX),), reported=True),),
    # The limits of another process. 0 is the caller, and so may be its number.
    "prlimit64": (Refusal(errno.EPERM, (_is_not(0, 0),), reported=True),),
    "personality": (_refuse(_is_not(0, _PER_LINUX, _PERSONALITY_QUERY)),),
}
# In the order in which the filter looks: the frequent ones first.

_DATAGRAMS_OF_UNIX: Final = Refusal(
    errno.EPROTONOSUPPORT,
    (
        _is(0, kinds.AF_UNIX),
        _is(1, kinds.SOCK_DGRAM, mask=~(os.O_CLOEXEC | os.O_NONBLOCK) & ALL_BITS),
        _is(2, *kinds.PROTOCOLS_OF_UNIX),
    ),
    reported=True,
)
"""Such a socket sends to any path, connected or not: the broker makes one that sends nothing, or
a pair of another type. They could be native where the floor decides what is reached by a path
(LANDLOCK_ACCESS_FS_RESOLVE_UNIX): without this refusal, and among `kinds.SOCKETS`."""

_REPORTED_SOCKETS: Final[dict[Network, tuple[Refusal, ...]]] = {
    "unrestricted": (),
    # Made elsewhere and handed over, so that they reach nothing of this machine.
    "filtered": (
        Refusal(
            errno.EPROTONOSUPPORT,
            (
                _is(0, kinds.AF_INET, kinds.AF_INET6),
                _is(1, kinds.SOCK_DGRAM, mask=kinds.SOCK_TYPE),
                _is(2, 0, kinds.IPPROTO_UDP),
            ),
            reported=True,
        ),
    ),
    "blocked": (
        Refusal(errno.EAFNOSUPPORT, (_is(0, kinds.AF_INET, kinds.AF_INET6),), reported=True),
    ),
    "proxied": (),
}


_O_PATH: Final = 0o10000000
_O_TMPFILE: Final = 0o20000000  # without O_DIRECTORY
_SET_ID: Final = 0o6000


def _open_for_ioctl_only(flags: int) -> Refusal:
    """Access mode 3, for which Landlock asks no right. With O_PATH there is no access mode."""
    mode = _is(flags, ACCESS_MODE, mask=ACCESS_MODE)
    return _refuse(mode, _is(flags, 0, mask=_O_PATH), error=errno.EACCES)


def _make_set_id(mode: int, flags: int | None = None) -> Refusal:
    """A file gets a set-user-ID or set-group-ID bit; by an open, only if that makes a file."""
    makes = () if flags is None else (_any_bit(flags, os.O_CREAT | _O_TMPFILE),)
    return _refuse(*makes, _any_bit(mode, _SET_ID))


_WITH_BROKER: Final[dict[str, tuple[Refusal, ...]]] = {
    "prctl": (
        # Whose child somebody is says whose restrictions they have. This obscures it.
        Refusal(errno.EPERM, (_is(0, _PR_SET_CHILD_SUBREAPER),), reported=True),
        # What closes its memory would close it to the broker, which reads arguments there.
        Refusal(errno.EPERM, (_is(0, PR_SET_DUMPABLE), _is(1, 0)), reported=True),
    ),
    # So does this.
    "clone": (Refusal(errno.EPERM, (_any_bit(0, CLONE_PARENT),), reported=True),),
    # With an address. Only the broker can send it for a socket that sends nothing.
    "sendto": (Refusal(errno.EPERM, (_is_not(5, 0),), reported=True),),
}

_SOL_SOCKET: Final = 1
_SO_REUSEPORT: Final = 15
_SHARING_A_PORT: Final = Refusal(
    errno.EPERM, (_is(1, _SOL_SOCKET), _is(2, _SO_REUSEPORT)), reported=True
)
"""The broker has to know of it: who listens on a port is then not one socket alone."""

_UNSCOPED: Final[dict[str, tuple[Refusal, ...]]] = {
    # Whom a file signals, in memory: nobody has to know of the newer one, and of the older ones
    # (SIOCSPGRP, FIOSETOWN) fcntl(2) does the same.
    "fcntl": (
        _refuse(_is(1, _F_SETOWN_EX), error=errno.EINVAL),
        Refusal(errno.EPERM, (_is(1, F_SETOWN), _is_not(2, 0)), reported=True),
        Refusal(errno.EPERM, (_is(1, F_SETFL), _any_bit(2, O_ASYNC)), reported=True),
    ),
    "ioctl": (
        _refuse(_is(1, *_OWNER_REQUESTS.values())),
        Refusal(errno.EPERM, (_is(1, FIOASYNC),), reported=True),
    ),
}
"""What makes a file signal others, for a kernel whose Landlock does not keep signals inside."""

_WITHOUT_BROKER: Final[dict[str, tuple[Refusal, ...]]] = {
    "open": (_open_for_ioctl_only(1), _make_set_id(2, flags=1)),
    "openat": (_open_for_ioctl_only(2), _make_set_id(3, flags=2)),
    "creat": (_make_set_id(1),),
    "mknod": (_make_set_id(1),),
    "mknodat": (_make_set_id(2),),
}


_EVERY_OTHER: Final = Refusal(errno.EPERM, (), reported=True)


def rules(
    network: Network, *, broker: bool = True, scoped: bool = True, copies: bool = True
) -> dict[str, tuple[Refusal, ...]]:
    """Name -> refusals of every system call of the class ARGUMENTS. Pure.

    `scoped` says that Landlock keeps signals inside. A broker that can have no `copies` of sockets
    makes each itself, and sends for none.
    """
    found = _RULES | {
        "socket": _REPORTED_SOCKETS[network] + _refuse_sockets_outside(kinds.SOCKETS[network]),
        # Of the others the kernel makes no pair, and says so: EOPNOTSUPP.
        "socketpair": _refuse_sockets_outside(kinds.SOCKETS["unrestricted"]),
    }
    if network != "unrestricted":
        found["setsockopt"] += _refuse_options(FILTERED_OPTIONS)
    if not broker:
        return _WITHOUT_BROKER | found
    native = found["sendto"]
    found |= {name: (_DATAGRAMS_OF_UNIX, *found[name]) for name in ("socket", "socketpair")}
    if network == "filtered":
        found["setsockopt"] += (_SHARING_A_PORT,)
    for added in (_WITH_BROKER,) if scoped else (_WITH_BROKER, _UNSCOPED):
        found |= {name: found[name] + more for name, more in added.items()}
    if not copies:
        found["socket"] += (_EVERY_OTHER,)
        found["sendto"] = native
    return found


def _refuse_sockets_outside(allowed: kinds.Sockets) -> tuple[Refusal, ...]:
    """What socket(2) says of a family, type or protocol that it does not have, in its order."""
    no_types = range(kinds.SOCK_MAX, kinds.SOCK_TYPE + 1)
    refusals = [
        _refuse(_any_bit(1, ~kinds.SOCK_FLAGS & ALL_BITS), error=errno.EINVAL),
        _refuse(_is_not(0, *allowed), error=errno.EAFNOSUPPORT),
        _refuse(
            _is(1, *no_types, mask=kinds.SOCK_TYPE),
            error=errno.EINVAL,
        ),
    ]
    for family, types in allowed.items():
        of_family = _is(0, family)
        if family == kinds.AF_UNIX:
            refusals.append(_refuse_protocol(of_family, _is_not(2, *kinds.PROTOCOLS_OF_UNIX)))
        unknown = _is_not(1, *kinds.KNOWN_TYPES[family], mask=kinds.SOCK_TYPE)
        refusals.append(_refuse(of_family, unknown, error=errno.ESOCKTNOSUPPORT))
        refusals.append(_refuse_protocol(of_family, _is_not(1, *types, mask=kinds.SOCK_TYPE)))
        for kind, protocols in types.items():
            of_kind = _is(1, kind, mask=kinds.SOCK_TYPE)
            refusals.append(_refuse_protocol(of_family, of_kind, _is_not(2, *protocols)))
    return tuple(refusals)


def _refuse_protocol(*conditions: Condition) -> Refusal:
    return _refuse(*conditions, error=errno.EPROTONOSUPPORT)
