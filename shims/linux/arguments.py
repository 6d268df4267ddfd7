"""Calls that are allowed unless an argument is one of the refused ones, as data.

A filter sees the registers, never what they point to. Every argument here is an int for the
kernel, which drops the high half of the register.

Sources: socket(2), clone(2), prctl(2), ioctl_tty(2), tcp(7), netlink(7) and the kernel's uapi
headers of the names used.
"""

from __future__ import annotations

import errno
from typing import Final, NamedTuple

from nono.shims.linux.syscalls import Network

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


def _is(argument: int, *values: int, mask: int = ALL_BITS) -> Condition:
    return Condition(argument, values, mask)


def _is_not(argument: int, *values: int, mask: int = ALL_BITS) -> Condition:
    return Condition(argument, values, mask, outside=True)


def _any_bit(argument: int, bits: int) -> Condition:
    return Condition(argument, (0,), bits, outside=True)


def _refuse(*conditions: Condition, error: int = errno.EPERM) -> Refusal:
    return Refusal(error, conditions)


_MSG_FASTOPEN: Final = 0x20000000
_IPPROTO_TCP: Final = 6
_TCP_FASTOPEN_CONNECT: Final = 30
_PR_SET_MM: Final = 35
_PR_SET_PTRACER: Final = 0x59616D61
_PERSONALITY_QUERY: Final = 0xFFFFFFFF

CLONE_NEW: Final = 0x7E020000
"""CLONE_NEWNS NEWCGROUP NEWUTS NEWIPC NEWUSER NEWPID NEWNET. (CLONE_NEWTIME is not among
clone's flags: its bit belongs to the signal number there.)"""

TTY_REQUESTS: Final[dict[str, int]] = {
    "TIOCSTI": 0x5412,
    "TIOCLINUX": 0x541C,
    "TIOCCONS": 0x541D,
    "TIOCSETD": 0x5423,
}
"""ioctl(2) requests that act on whoever else uses the terminal."""

METADATA_REQUESTS: Final[dict[str, int]] = {
    "FS_IOC_SETFLAGS": 0x40086602,
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

_RULES: Final[dict[str, tuple[Refusal, ...]]] = {
    "sendto": (_refuse(_any_bit(3, _MSG_FASTOPEN)),),
    "sendmsg": (_refuse(_any_bit(2, _MSG_FASTOPEN)),),
    "sendmmsg": (_refuse(_any_bit(3, _MSG_FASTOPEN)),),
    "ioctl": (_refuse(_is(1, *TTY_REQUESTS.values(), *METADATA_REQUESTS.values())),),
    "clone": (_refuse(_any_bit(0, CLONE_NEW)),),
    "prctl": (_refuse(_is(0, _PR_SET_MM, _PR_SET_PTRACER)),),
    "setsockopt": (_refuse(_is(1, _IPPROTO_TCP), _is(2, _TCP_FASTOPEN_CONNECT)),),
    # The limits of another process; of the caller's own they can only be lowered.
    "prlimit64": (_refuse(_is_not(0, 0)),),
    "personality": (_refuse(_is_not(0, _PERSONALITY_QUERY)),),
}
# In the order in which the filter looks: the frequent ones first.

_AF_UNIX: Final = 1
_AF_INET: Final = 2
_AF_INET6: Final = 10
_AF_NETLINK: Final = 16
_SOCK_STREAM: Final = 1
_SOCK_DGRAM: Final = 2
_SOCK_RAW: Final = 3
_SOCK_SEQPACKET: Final = 5
_SOCK_TYPE: Final = 0xF  # the rest are SOCK_CLOEXEC and SOCK_NONBLOCK
_IPPROTO_UDP: Final = 17
_NETLINK_ROUTE: Final = 0

# Family -> type -> protocols.
Sockets = dict[int, dict[int, tuple[int, ...]]]

_CONNECTED_UNIX: Final[Sockets] = {_AF_UNIX: {_SOCK_STREAM: (0,), _SOCK_SEQPACKET: (0,)}}
# No AF_UNIX datagrams, not even as a pair: such a socket can send to any path.

_INET: Final[dict[int, tuple[int, ...]]] = {
    _SOCK_STREAM: (0, _IPPROTO_TCP),
    _SOCK_DGRAM: (0, _IPPROTO_UDP),
}

_SOCKETS: Final[dict[Network, Sockets]] = {
    "unrestricted": _CONNECTED_UNIX
    | {
        _AF_INET: _INET,
        _AF_INET6: _INET,
        # The list of interfaces and routes; changing them takes CAP_NET_ADMIN.
        _AF_NETLINK: {_SOCK_RAW: (_NETLINK_ROUTE,), _SOCK_DGRAM: (_NETLINK_ROUTE,)},
    },
}


def rules(network: Network) -> dict[str, tuple[Refusal, ...]]:
    """Name -> refusals of every system call of the class ARGUMENTS. Pure."""
    return _RULES | {
        "socket": _refuse_sockets_outside(_SOCKETS[network]),
        "socketpair": _refuse_sockets_outside(_CONNECTED_UNIX),
    }


def _refuse_sockets_outside(allowed: Sockets) -> tuple[Refusal, ...]:
    """What socket(2) says itself of a family, type or protocol that it does not have."""
    refusals = [_refuse(_is_not(0, *allowed), error=errno.EAFNOSUPPORT)]
    for family, types in allowed.items():
        of_family = _is(0, family)
        conditions: list[tuple[Condition, ...]] = [(of_family, _is_not(1, *types, mask=_SOCK_TYPE))]
        for kind, protocols in types.items():
            of_kind = _is(1, kind, mask=_SOCK_TYPE)
            conditions.append((of_family, of_kind, _is_not(2, *protocols)))
        refusals += [_refuse(*each, error=errno.EPROTONOSUPPORT) for each in conditions]
    return tuple(refusals)
