"""From the path that a caller gave to the object that it means: a handle nobody can swap.

A path is resolved once, on our side, from the places the caller really has (its root is ours:
chroot and mounts are refused to it), and becomes an O_PATH descriptor. Decisions are about what
the handle *is*; what is performed is performed on the handle. The kernel resolves in one step
unless the path leads through the caller's own /proc entries, which for us would mean our own:
those are walked one component at a time (`proc_links.py`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Mapping

from nono.broker.rules.paths import is_within
from nono.shims.linux.at import AT_FDCWD
from nono.shims.linux.openat2 import (
    RESOLVE_NO_MAGICLINKS,
    RESOLVE_NO_SYMLINKS,
    openat2,
)
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.resolving.caller import Caller
from nono.supervisor.linux.calls.resolving.handles import HANDLE_FLAGS, LINK_FLAGS, Entry, Handle
from nono.supervisor.linux.calls.resolving.opened import opened
from nono.supervisor.linux.calls.resolving.proc_links import Trail, walk
from nono.supervisor.linux.calls.resolving.resolve_flags import SCOPED, mount_of

_RESTRICTED = {errno.EXDEV, errno.EAGAIN}
"""What only the caller's own RESOLVE_* flags fail with."""


def anchor(caller: Caller, dirfd: int) -> int:
    """An O_PATH descriptor of the caller's working directory (AT_FDCWD) or of its `dirfd`."""
    if dirfd == AT_FDCWD:
        return os.open(f"/proc/{caller.tid}/cwd", HANDLE_FLAGS)
    if dirfd < 0:
        raise failure(errno.EBADF)
    try:
        return os.open(f"/proc/{caller.tid}/fd/{dirfd}", HANDLE_FLAGS)
    except FileNotFoundError:
        raise failure(errno.EBADF) from None


def descriptor(caller: Caller, fd: int) -> Handle:
    """A handle of what the caller's descriptor `fd` refers to. Raises OSError (EBADF)."""
    if fd < 0:
        raise failure(errno.EBADF)
    return opened(caller, fd)


def locate(
    caller: Caller,
    dirfd: int | Handle,
    path: bytes,
    *,
    follow: bool = True,
    resolve: int = 0,
) -> Handle:
    """The existing object that `path` names for the caller.

    `dirfd` is a descriptor number of the caller's (or AT_FDCWD), or a directory that we hold.
    `follow` is about a symbolic link as the last component; `resolve` are the caller's own
    RESOLVE_* flags. Raises OSError with the errno that the kernel would give.
    """
    if not path:
        raise failure(errno.ENOENT)
    if isinstance(dirfd, Handle):
        return _locate(caller, dirfd.fd, path, follow, resolve)
    if path.startswith(b"/") and not resolve & SCOPED:
        return _locate(caller, AT_FDCWD, path, follow, resolve)
    start = anchor(caller, dirfd)
    try:
        return _locate(caller, start, path, follow, resolve)
    finally:
        os.close(start)


def _locate(caller: Caller, start: int, path: bytes, follow: bool, resolve: int) -> Handle:
    flags = HANDLE_FLAGS if follow else LINK_FLAGS
    try:
        handle = Handle(openat2(start, path, flags, 0, resolve | RESOLVE_NO_MAGICLINKS))
    except OSError as error:
        if not _may_be_proc(error, start, path):
            raise
    else:
        if _is_told(handle):
            return handle
        handle.close()
    return walk(caller, start, path, follow, resolve)


def links_on_the_way(caller: Caller, dirfd: int, path: bytes, follow: bool) -> list[str]:
    """The places of the links that `locate` follows from the caller's `path`, in their order.

    Each with what the path names by way of it. Those before it fails, where it does: a link that
    leads nowhere is among them.
    """
    trail = Trail()
    start = AT_FDCWD if path.startswith(b"/") else anchor(caller, dirfd)
    flags = HANDLE_FLAGS if follow else LINK_FLAGS
    try:
        os.close(openat2(start, path, flags, 0, RESOLVE_NO_SYMLINKS))
    except OSError:
        with contextlib.suppress(OSError):
            walk(caller, start, path, follow, trail=trail).close()
    finally:
        if start != AT_FDCWD:
            os.close(start)
    return trail.links


def directories_on_the_way(caller: Caller, path: bytes) -> list[str]:
    """The directories that a name of the caller's `path` is looked up in. Raises OSError."""
    trail = Trail()
    start = anchor(caller, AT_FDCWD)
    try:
        walk(caller, start, path, follow=True, trail=trail).close()
    finally:
        os.close(start)
    return trail.directories


def _is_told(handle: Handle) -> bool:
    """Whether its path is the caller's, too. Raises OSError, and closes the handle then.

    Not where it is an entry of our own in /proc, and not where it is too long for the kernel to
    tell. Our number is asked for each time: a library's user may have forked since this module
    was imported.
    """
    try:
        path = handle.path
        return not path.startswith("/proc") or not is_within(path, f"/proc/{os.getpid()}")
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return False
        handle.close()
        raise


def _may_be_proc(error: OSError, start: int, path: bytes) -> bool:
    """Whether the failure may only mean that our /proc/self is not the caller's."""
    if error.errno in _RESTRICTED:
        return False
    if error.errno == errno.ELOOP or b"proc" in path or b"/dev/" in path:
        return True
    try:
        place = "" if start == AT_FDCWD else os.readlink(f"/proc/self/fd/{start}")
    except OSError as failed:
        if failed.errno != errno.ENAMETOOLONG:
            raise
        return False
    return place.startswith(("/proc", "/dev"))


def entry(
    caller: Caller,
    dirfd: int | Handle,
    path: bytes,
    unusable: int | Mapping[bytes, int],
    resolve: int = 0,
    beside: Handle | None = None,
) -> Entry:
    """The directory and last component of `path`, which need not name anything yet.

    `unusable` is the errno for a path that ends in `.`, `..` or is the root, or what each of them
    (`b""` is the root) has for an errno; EXDEV comes first where such a path is on another mount
    than `beside`. Raises OSError.
    """
    if not path:
        raise failure(errno.ENOENT)
    head, slash, name = path.rstrip(b"/").rpartition(b"/")
    if name in (b"", b".", b".."):
        with locate(caller, dirfd, path, resolve=resolve) as found:
            if beside is not None and mount_of(found) != mount_of(beside):
                raise failure(errno.EXDEV)
        raise failure(unusable if isinstance(unusable, int) else unusable[name])
    if len(name) > 255:
        raise failure(errno.ENAMETOOLONG)
    directory = head + slash if slash else b"."
    parent = locate(caller, dirfd, directory, resolve=resolve)
    if parent.kind != stat.S_IFDIR:
        parent.close()
        raise failure(errno.ENOTDIR)
    if parent.is_deleted:  # nothing is in it, and nothing comes into it
        parent.close()
        raise failure(errno.ENOENT)
    return Entry(parent, name + b"/" if path.endswith(b"/") else name)
