"""From a floor to a Landlock ruleset, and the real file system as the floor's tree."""

from __future__ import annotations

import os
import stat
from functools import cache

from nono.broker import Access, Floor
from nono.shims.linux import landlock
from nono.shims.linux.landlock import FS, Rights
from nono.supervisor.descriptors import opened

_READ = FS.READ_FILE | FS.READ_DIR
_WRITE = (
    FS.WRITE_FILE
    | FS.TRUNCATE
    | FS.REMOVE_DIR
    | FS.REMOVE_FILE
    | FS.MAKE_DIR
    | FS.MAKE_REG
    | FS.MAKE_SOCK
    | FS.MAKE_FIFO
    | FS.MAKE_SYM
    | FS.REFER
)
_UDP = landlock.Net.BIND_UDP | landlock.Net.CONNECT_SEND_UDP
_HANDLE = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_RIGHTS = {Access.READ: _READ, Access.WRITE: _WRITE, Access.EXECUTE: FS.EXECUTE}


@cache
def rights_of(access: Access, *, directory: bool) -> FS:
    """The Landlock rights that an access means on a directory and what is below, or on a file.

    A device node also needs IOCTL_DEV to be of any use.
    """
    rights = FS(0)
    for part, meaning in _RIGHTS.items():
        if part in access:
            rights |= meaning
    return rights if directory else (rights | FS.IOCTL_DEV) & landlock.FILE_RIGHTS


def build(
    floor: Floor, abi: int, *, has_datagrams: bool = True, connect_port: int | None = None
) -> int:
    """A ruleset descriptor that grants exactly the floor. Raises OSError, StartError.

    Everything that the running ABI can handle is handled, so what no rule grants is refused:
    TCP bind and connect, and beyond the sandbox signals, abstract sockets and unix sockets by
    path. UDP is not where programs have datagram sockets: what these may reach is not the floor's.
    `connect_port` is granted, of every address: a rule names none.
    """
    handled = landlock.supported(abi)
    if has_datagrams:
        handled = handled._replace(net=handled.net & ~_UDP)
    ruleset = landlock.create_ruleset(handled)
    try:
        if connect_port is not None and landlock.Net.CONNECT_TCP in handled.net:
            landlock.add_port_rule(ruleset, connect_port, landlock.Net.CONNECT_TCP)
        for rule in floor.rules:
            rights = rights_of(rule.access, directory=rule.directory) & handled.fs
            _add(ruleset, rule.path, rights, directory=rule.directory)
    except BaseException:
        os.close(ruleset)
        raise
    return ruleset


def _add(ruleset: int, path: str, rights: FS, *, directory: bool) -> None:
    """Add a rule on what is at `path`, if it is there and of the kind that was meant.

    The floor was made from names, and a program of another run may put a link in the place of a
    directory meanwhile. So the rule goes on a handle that the kernel says is at this very path,
    which it is not behind a link. What is in its place otherwise gets nothing.
    """
    try:
        handle = opened(path, _HANDLE)
    except OSError:
        return  # gone since the floor was made, or out of our own reach: nothing is granted
    try:
        is_meant = os.readlink(f"/proc/self/fd/{handle}") == path
        kind = stat.S_IFMT(os.fstat(handle).st_mode)
        is_meant = is_meant and kind != stat.S_IFLNK and (kind == stat.S_IFDIR) == directory
        if rights and is_meant:
            landlock.add_path_rule(ruleset, handle, rights)
    finally:
        os.close(handle)


def build_scope(abi: int) -> int:
    """The ruleset of the sandbox's init, so that it can signal its domain and no more.

    Moving files between directories is refused by every domain that does not grant it, handled
    or not, and for all domains nested in it: so this one grants it everywhere. Returns -1 before
    ABI 6, which has no scopes. Raises OSError.
    """
    scopes = landlock.supported(abi).scoped & landlock.Scope.SIGNAL
    if not scopes:
        return -1
    ruleset = landlock.create_ruleset(Rights(FS.REFER, landlock.Net(0), scopes))
    try:
        _add(ruleset, "/", FS.REFER, directory=True)
    except BaseException:
        os.close(ruleset)
        raise
    return ruleset
