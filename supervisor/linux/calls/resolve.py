"""From the path that a caller gave to the object that it means: a handle nobody can swap.

A path is resolved once, on our side, from the places the caller really has (its root is ours:
chroot and mounts are refused to it), and becomes an O_PATH descriptor. Decisions are about what
the handle *is*; what is performed is performed on the handle. The kernel resolves in one step
unless the path leads through the caller's own /proc entries, which for us would mean our own:
those are walked one component at a time (`walk.py`).
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType

from nono.shims.linux.openat2 import (
    AT_FDCWD,
    RESOLVE_BENEATH,
    RESOLVE_IN_ROOT,
    RESOLVE_NO_MAGICLINKS,
    RESOLVE_NO_SYMLINKS,
    openat2,
)
from nono.supervisor.linux.calls.caller import Caller

HANDLE_FLAGS = os.O_PATH | os.O_CLOEXEC
LINK_FLAGS = HANDLE_FLAGS | os.O_NOFOLLOW

_OWN_PROC = f"/proc/{os.getpid()}"
_CONFINED = RESOLVE_BENEATH | RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS
_DELETED = " (deleted)"


class Handle:
    """A descriptor of ours (mostly O_PATH) for an object. Close it, or use it with `with`."""

    __slots__ = ("__dict__", "fd", "held")

    def __init__(self, fd: int, held: int | None = None) -> None:
        self.fd = fd
        self.held = held
        """File status flags, when the handle is a copy of a descriptor that the caller has open."""

    def __enter__(self) -> Handle:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        os.close(self.fd)

    @property
    def name(self) -> str:
        """A path of ours through which the object can be opened or changed."""
        return f"/proc/self/fd/{self.fd}"

    @cached_property
    def stat(self) -> os.stat_result:
        return os.fstat(self.fd)

    @cached_property
    def path(self) -> str:
        """The canonical path; for a deleted object the path it had."""
        path = os.readlink(self.name)
        if path.endswith(_DELETED) and self.stat.st_nlink == 0:
            path = path[: -len(_DELETED)]
        return path

    @property
    def is_anonymous(self) -> bool:
        """True for what has no path: pipes, sockets, memfds. Landlock does not restrict these."""
        path = self.path
        return not path.startswith("/") or (path.startswith("/memfd:") and not self.stat.st_nlink)

    @property
    def kind(self) -> int:
        """The type bits of the mode, for comparing with stat.S_IFREG and its like."""
        return stat.S_IFMT(self.stat.st_mode)


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a directory, whether or not something has that name."""

    parent: Handle
    name: bytes
    """One component; a trailing slash of the caller is kept, since it has a meaning."""

    @property
    def path(self) -> str:
        return child_path(self.parent.path, os.fsdecode(self.name.rstrip(b"/")))

    def existing(self) -> Handle | None:
        """What has the name now, a symbolic link itself and not its target."""
        try:
            return Handle(openat2(self.parent.fd, self.name.rstrip(b"/"), LINK_FLAGS))
        except FileNotFoundError:
            return None

    def close(self) -> None:
        self.parent.close()

    def __enter__(self) -> Entry:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def child_path(directory: str, name: str) -> str:
    """Join one component to a canonical path."""
    return f"/{name}" if directory == "/" else f"{directory}/{name}"


def failure(number: int) -> OSError:
    """An OSError with its usual text, to end a call with `number`."""
    return OSError(number, os.strerror(number))


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
    copy = caller.duplicate(fd)
    return Handle(copy, fcntl.fcntl(copy, fcntl.F_GETFL))


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
    if path.startswith(b"/") and not resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT):
        return _locate(caller, AT_FDCWD, path, follow, resolve)
    start = anchor(caller, dirfd)
    try:
        return _locate(caller, start, path, follow, resolve)
    finally:
        os.close(start)


def _locate(caller: Caller, start: int, path: bytes, follow: bool, resolve: int) -> Handle:
    flags = HANDLE_FLAGS if follow else HANDLE_FLAGS | os.O_NOFOLLOW
    try:
        handle = Handle(openat2(start, path, flags, 0, resolve | RESOLVE_NO_MAGICLINKS))
    except OSError as error:
        if resolve & _CONFINED or not _may_be_proc(error, start, path):
            raise
    else:
        if not is_at_or_below(handle.path, _OWN_PROC):
            return handle
        handle.close()
        if resolve & _CONFINED:
            raise failure(errno.EACCES)
    from nono.supervisor.linux.calls.proc_links import walk

    return walk(caller, start, path, follow)


def _may_be_proc(error: OSError, start: int, path: bytes) -> bool:
    """Whether the failure may only mean that our /proc/self is not the caller's."""
    if error.errno == errno.ELOOP or b"proc" in path or b"/dev/" in path:
        return True
    return start != AT_FDCWD and os.readlink(f"/proc/self/fd/{start}").startswith(("/proc", "/dev"))


def is_at_or_below(path: str, directory: str) -> bool:
    """True when the canonical `path` is `directory` or lies below it."""
    return path == directory or path.startswith(directory + "/")


def entry(
    caller: Caller, dirfd: int | Handle, path: bytes, unusable: int, resolve: int = 0
) -> Entry:
    """The directory and last component of `path`, which need not name anything yet.

    `unusable` is the errno for a path that ends in `.`, `..` or is the root. Raises OSError.
    """
    if not path:
        raise failure(errno.ENOENT)
    head, slash, name = path.rstrip(b"/").rpartition(b"/")
    if name in (b"", b".", b".."):
        locate(caller, dirfd, path, resolve=resolve).close()
        raise failure(unusable)
    if len(name) > 255:
        raise failure(errno.ENAMETOOLONG)
    directory = head + slash if slash else b"."
    parent = locate(caller, dirfd, directory, resolve=resolve)
    if parent.kind != stat.S_IFDIR:
        parent.close()
        raise failure(errno.ENOTDIR)
    return Entry(parent, name + b"/" if path.endswith(b"/") else name)
