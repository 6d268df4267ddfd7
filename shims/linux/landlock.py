"""Landlock: the three system calls and the table of what each ABI version can enforce.

Sources: landlock(7), include/uapi/linux/landlock.h and Documentation/userspace-api/landlock.rst of
Linux 7.3.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Container

from nono.shims.enumeration import IntFlag
from nono.shims.linux.libc import address, ffi, syscall
from nono.shims.named_tuple import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Final

# The same number on every architecture: syscalls.py lists them too, a test compares.
CREATE_RULESET: Final = 444
ADD_RULE: Final = 445
RESTRICT_SELF: Final = 446

_CREATE_RULESET_VERSION: Final = 1 << 0
_CREATE_RULESET_ERRATA: Final = 1 << 1
_RULE_PATH_BENEATH: Final = 1
_RULE_NET_PORT: Final = 2

# struct landlock_ruleset_attr {u64 handled_access_fs, handled_access_net, scoped} grew with the
# ABI. An older kernel accepts a longer structure whose unknown tail is zero; what ABI 10 added to
# it says what is not logged.
_RULESET_ATTR: Final = struct.Struct("=QQQ")
_PATH_BENEATH_ATTR: Final = struct.Struct("=Qi")  # packed: u64 allowed_access, s32 parent_fd
_NET_PORT_ATTR: Final = struct.Struct("=QQ")  # u64 allowed_access, port


class FS(IntFlag):
    """LANDLOCK_ACCESS_FS_*: what may be done with files and directories."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13
    TRUNCATE = 1 << 14
    IOCTL_DEV = 1 << 15
    RESOLVE_UNIX = 1 << 16
    """A unix socket by its path, for connecting and for sending to; never one of the own domain."""


class Net(IntFlag):
    """LANDLOCK_ACCESS_NET_*: what may be done with TCP and UDP ports."""

    BIND_TCP = 1 << 0
    CONNECT_TCP = 1 << 1
    BIND_UDP = 1 << 2
    CONNECT_SEND_UDP = 1 << 3


class Scope(IntFlag):
    """LANDLOCK_SCOPE_*: what may not be reached outside the sandbox."""

    ABSTRACT_UNIX_SOCKET = 1 << 0
    SIGNAL = 1 << 1


class Rights(NamedTuple):
    """Everything a ruleset can handle."""

    fs: FS
    net: Net
    scoped: Scope


class Change(NamedTuple):
    """What one ABI version added and the kernel that brought it.

    `unenforced` says in words what stays open without it; None where nothing does.
    """

    kernel: str
    rights: Rights
    unenforced: str | None


_NO_FS: Final = FS(0)
_NO_NET: Final = Net(0)
_NO_SCOPE: Final = Scope(0)

CHANGES: Final[dict[int, Change]] = {
    1: Change("5.13", Rights(FS((1 << 13) - 1), _NO_NET, _NO_SCOPE), "any access to files at all"),
    # Without REFER the kernel refuses every move into another directory: nothing stays open.
    2: Change("5.19", Rights(FS.REFER, _NO_NET, _NO_SCOPE), None),
    3: Change("6.2", Rights(FS.TRUNCATE, _NO_NET, _NO_SCOPE), "truncating a file"),
    4: Change(
        "6.7",
        Rights(_NO_FS, Net.BIND_TCP | Net.CONNECT_TCP, _NO_SCOPE),
        "binding and connecting TCP sockets",
    ),
    5: Change("6.10", Rights(FS.IOCTL_DEV, _NO_NET, _NO_SCOPE), "ioctl(2) on device files"),
    6: Change(
        "6.12",
        Rights(_NO_FS, _NO_NET, Scope.ABSTRACT_UNIX_SOCKET | Scope.SIGNAL),
        "signals and abstract unix sockets to processes outside the sandbox",
    ),
    # Which refusals are logged.
    7: Change("6.15", Rights(_NO_FS, _NO_NET, _NO_SCOPE), None),
    # LANDLOCK_RESTRICT_SELF_TSYNC restricts the other threads of the process, too. What we restrict
    # has one thread.
    8: Change("7.0", Rights(_NO_FS, _NO_NET, _NO_SCOPE), None),
    # The filter lets no connect(2) through without it.
    9: Change("7.1", Rights(FS.RESOLVE_UNIX, _NO_NET, _NO_SCOPE), None),
    # The filter gives datagram sockets to nobody whose destinations are filtered.
    10: Change("7.2", Rights(_NO_FS, Net.BIND_UDP | Net.CONNECT_SEND_UDP, _NO_SCOPE), None),
    # LANDLOCK_RESTRICT_SELF_NO_NEW_PRIVS: with us no_new_privs comes before.
    11: Change("7.3", Rights(_NO_FS, _NO_NET, _NO_SCOPE), None),
}
"""ABI version -> what it added. Keys are consecutive from 1; a newer kernel is used as if it had
the last one."""

FILE_RIGHTS: Final = (
    FS.EXECUTE | FS.WRITE_FILE | FS.READ_FILE | FS.TRUNCATE | FS.IOCTL_DEV | FS.RESOLVE_UNIX
)
"""The rights that a rule on something other than a directory may grant; more gives EINVAL."""


def supported(abi: int) -> Rights:
    """Every right that a kernel of this ABI version can handle; none for 0. Pure."""
    fs, net, scoped = _NO_FS, _NO_NET, _NO_SCOPE
    for version, change in CHANGES.items():
        if version <= abi:
            fs |= change.rights.fs
            net |= change.rights.net
            scoped |= change.rights.scoped
    return Rights(fs, net, scoped)


def lost(abi: int, made_up_for: Container[int] = ()) -> list[str]:
    """What a kernel of this ABI version cannot enforce, in words, with the kernel that can. Pure.

    Empty where nothing that this module knows of stays open. `made_up_for` are versions whose
    additions something else enforces.
    """
    return [
        f"{change.unenforced} (needs Linux {change.kernel}, Landlock ABI {version})"
        for version, change in CHANGES.items()
        if version > abi and version not in made_up_for and change.unenforced is not None
    ]


def abi_version() -> int:
    """The Landlock ABI version of the running kernel; 0 if it was not built in or is disabled."""
    return _query(_CREATE_RULESET_VERSION)


def running() -> Rights:
    """Every right that the running kernel can handle."""
    return supported(abi_version())


def errata() -> int:
    """The bit mask of fixed Landlock issues (Linux 6.15); 0 where the kernel does not tell."""
    return _query(_CREATE_RULESET_ERRATA)


def _query(flag: int) -> int:
    try:
        return syscall(CREATE_RULESET, 0, 0, flag)
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL):
            return 0
        raise


def create_ruleset(rights: Rights) -> int:
    """A ruleset that handles (refuses unless a rule grants) `rights`: its fd, close-on-exec.

    Raises OSError: EINVAL for a right the kernel does not know, ENOMSG for an empty set, E2BIG
    for a part of `rights` newer than the kernel, ENOSYS or EOPNOTSUPP without Landlock.
    See landlock_create_ruleset(2).
    """
    attr = ffi.from_buffer(_RULESET_ATTR.pack(*rights))
    return syscall(CREATE_RULESET, address(attr), len(attr))


def add_path_rule(ruleset_fd: int, parent_fd: int, rights: FS) -> None:
    """Grant `rights` on the file, or beneath the directory, that `parent_fd` (O_PATH) names.

    Raises OSError: EINVAL for a right the ruleset does not handle or, on a file, one outside
    `FILE_RIGHTS`; EBADFD for an fd of no file system (a pipe); ENOMSG for no rights.
    See landlock_add_rule(2).
    """
    attr = ffi.from_buffer(_PATH_BENEATH_ATTR.pack(rights, parent_fd))
    syscall(ADD_RULE, ruleset_fd, _RULE_PATH_BENEATH, address(attr), 0)


def add_port_rule(ruleset_fd: int, port: int, rights: Net) -> None:
    """Grant `rights` on a port, of whatever address. Raises OSError as `add_path_rule` does."""
    attr = ffi.from_buffer(_NET_PORT_ATTR.pack(rights, port))
    syscall(ADD_RULE, ruleset_fd, _RULE_NET_PORT, address(attr), 0)


def restrict_self(ruleset_fd: int) -> None:
    """Put the calling thread, and all it starts, under the ruleset for good.

    Raises OSError: EPERM without no_new_privs (or CAP_SYS_ADMIN); E2BIG after 16 rulesets.
    See landlock_restrict_self(2).
    """
    syscall(RESTRICT_SELF, ruleset_fd, 0)
