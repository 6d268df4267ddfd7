"""Resolving a path one component at a time, with the caller's own /proc entries meaning its own.

/proc/self, /proc/thread-self and the magic links below a process (cwd, root, exe, fd/N) depend on
who looks. Here they are taken for the caller: only links of processes in its own sandbox are
followed, and everything else is resolved as the kernel does it. See symlink(7), path_resolution(7),
proc_pid_fd(5).
"""

from __future__ import annotations

import errno
import os
import stat

from nono.broker.dataclass import dataclass, field
from nono.broker.rules.paths import child
from nono.shims.linux.at import AT_FDCWD
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.resolving.caller import Caller
from nono.supervisor.linux.calls.resolving.handles import HANDLE_FLAGS, MAX_LINKS, Handle
from nono.supervisor.linux.calls.resolving.opened import opened
from nono.supervisor.linux.calls.resolving.resolve_flags import ResolveFlags

_MAGIC_NAMES = {"cwd", "root", "exe"}
_MAGIC_DIRECTORIES = {"fd", "map_files", "ns"}


@dataclass(frozen=True, slots=True)
class Trail:
    """What a walk came by, in its order."""

    links: list[str] = field(default_factory=list)
    """The places of the links that were followed, each with what is named by way of it."""
    directories: list[str] = field(default_factory=list)
    """Those that a name was looked up in."""


def walk(
    caller: Caller,
    start: int,
    path: bytes,
    follow: bool,
    resolve: int = 0,
    trail: Trail | None = None,
) -> Handle:
    """As `locate`, in user space. `start` stays the caller of this function's to close.

    What it comes by is added to the `trail`, also where it fails.
    """
    limits = ResolveFlags(start, resolve)
    limits.ensure_walkable()
    trail = trail or Trail()
    is_absolute = path.startswith(b"/") or start == AT_FDCWD
    handle = limits.root() if is_absolute else Handle(os.dup(start))
    pending = _components(path)
    links = 0
    try:
        while pending:
            name = pending.pop()
            trail.directories.append(handle.path)
            step = limits.step(handle, name)
            if not stat.S_ISLNK(step.stat.st_mode) or not (pending or follow):
                handle.close()
                handle = step
                continue
            links += 1
            place = child(handle.path, os.fsdecode(name))
            from nono.supervisor.walk import by_way_of  # which a start does without

            named = by_way_of(place, [*map(os.fsdecode, pending)])
            trail.links.extend(dict.fromkeys((place, named)))
            try:
                limits.ensure_links()
                if links > MAX_LINKS:
                    raise failure(errno.ELOOP)
                target = _follow(caller, handle, name, step, pending, limits)
            finally:
                step.close()
            if target is not None:
                handle.close()
                handle = target
    except BaseException:
        handle.close()
        raise
    return handle


def _components(path: bytes) -> list[bytes]:
    """Last first. A trailing slash asks for a directory, which a last `.` asks for too."""
    names = [name for name in path.split(b"/") if name and name != b"."]
    if path.endswith((b"/", b"/.")):
        names.append(b".")
    names.reverse()
    return names


def _follow(
    caller: Caller,
    directory: Handle,
    name: bytes,
    link: Handle,
    pending: list[bytes],
    limits: ResolveFlags,
) -> Handle | None:
    """Put a link's target before what is pending; the handle to go on from, None for the same."""
    _refuse_planted_link(directory, link)
    if link.stat.st_dev == os.stat("/proc").st_dev:
        words = link.path.split("/")[2:]
        if words == ["self"]:
            pending.append(b"%d" % caller.pid)
            return None
        if words == ["thread-self"]:
            pending.extend([b"%d" % caller.tid, b"task", b"%d" % caller.pid])
            return None
        if words[0].isdecimal() and (words[-1] in _MAGIC_NAMES or words[-2] in _MAGIC_DIRECTORIES):
            limits.ensure_jumps()
            return limits.jumped(directory, _follow_magic(caller, directory, name, words))
    target = os.readlink(name, dir_fd=directory.fd)
    pending.extend(_components(target))
    return limits.root(directory) if target.startswith(b"/") else None


def _follow_magic(caller: Caller, directory: Handle, name: bytes, words: list[str]) -> Handle:
    """Performed on our copy: the link of a process handle that we hold, so no pid can be reused."""
    process, fd_owner = int(words[0]), int(words[2] if words[1] == "task" else words[0])
    if not caller.owns(process):
        raise failure(errno.ENOENT)  # as every other name there: `other_processes`
    if words[-2] == "fd":
        file = opened(Caller(fd_owner, 0), int(words[-1]))
        # The directory that we hold dies with its process, so that it still answers says that
        # the number was not reused before the copy was made.
        try:
            os.listdir(directory.name)
        except BaseException:
            file.close()
            raise
        return file
    return Handle(os.open(f"{directory.name}/{os.fsdecode(name)}", HANDLE_FLAGS))


def _refuse_planted_link(directory: Handle, link: Handle) -> None:
    """As fs.protected_symlinks does: in a sticky directory for all, only its owner's links or ours.

    See proc_sys_fs(5). Our own walk would pass over the kernel's check.
    """
    mode = directory.stat.st_mode
    if not (mode & stat.S_ISVTX and mode & stat.S_IWOTH):
        return
    if link.stat.st_uid not in (os.geteuid(), directory.stat.st_uid):
        raise failure(errno.EACCES)
