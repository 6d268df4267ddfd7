"""Files of a sandbox, opened for whoever runs it: by its policy, and never through what is planted.

A program may put a link, a FIFO or a device where a file was, also between two calls of ours. So no
link is followed anywhere in a path, what is there is looked at through a handle that opens nothing,
the policy decides on where that handle is, and just this object is then opened. See openat2(2),
`O_PATH` in open(2), and proc_pid_fd(5).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator

from nono.broker import Access, Open, Operation, PathChange, Request, floor_exclude, is_within
from nono.broker.requests import NOBODY
from nono.broker.rules.paths import child
from nono.shims.linux.openat2 import (
    RESOLVE_BENEATH,
    RESOLVE_NO_MAGICLINKS,
    RESOLVE_NO_SYMLINKS,
    openat2,
)
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.injected_files import InjectedFiles
from nono.supervisor.planning.paths.opened_by_patterns import opened_by_people
from nono.supervisor.walk import Changeable

_RESOLVE = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS
_HANDLE = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = _HANDLE | os.O_DIRECTORY
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_MAX_TRIES = 16


class HostFiles:
    """Of one sandbox. Paths may be relative to `workdir`. Used from any thread.

    Every method raises OSError: PermissionError where the policy refuses, as it would the program,
    and ELOOP where a link is on the way.
    """

    def __init__(
        self,
        decisions: Decisions,
        injected: InjectedFiles | None,
        workdir: str,
        tmpdir: str,
    ) -> None:
        self._decisions = decisions
        self._tmpdir = tmpdir
        self._injected = injected
        self._workdir = workdir

    def open_to_read(self, path: str) -> int:
        """A descriptor of a regular file."""
        handle = self._handle(path, _HANDLE)
        try:
            found = _place(handle)
            self._require(Open(NOBODY, found, Access.READ))
            if self._injected is not None and found in self._injected:
                return self._injected.open(found)
            _check_regular(handle, path)
            return _open(handle, os.O_RDONLY)
        finally:
            os.close(handle)

    def open_to_copy(self, path: str) -> int:
        """A descriptor of a regular file of the host's, which is put into the sandbox.

        Links are followed, but for those out of a place where the program may have made them; what
        is in such a place is decided on as where the program itself would read it.
        """
        end, is_within_reach = self._followed(path)
        if is_within_reach:
            return self.open_to_read(end)
        handle = self._handle(end, _HANDLE)
        try:
            _check_regular(handle, path)
            return _open(handle, os.O_RDONLY)
        finally:
            os.close(handle)

    def check_out_of_reach(self, target: str) -> None:
        """Raise PermissionError for a name that the program may give to something else."""
        _, is_within_reach = self._followed(os.path.dirname(target))
        if is_within_reach:
            said = "a program in the sandbox may write there"
            raise PermissionError(errno.EPERM, said, target)

    def _followed(self, path: str) -> tuple[str, bool]:
        """Where a path leads for the host, and whether the program may have put that there."""
        places = Changeable([*self._written(), self._tmpdir])
        end, link = places.follow(os.path.abspath(path))
        if link is not None:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), link)
        return end, places.holding(end) is not None

    def _written(self) -> frozenset[str]:
        """The directories that are opened to be written in, also by an answer."""
        return opened_by_people(self._decisions.policy.rules, Access.WRITE).directories

    def open_to_write(self, path: str, mode: int = 0o666, *, parents: bool = False) -> int:
        """A descriptor of an empty regular file, which is made if it is not there.

        With `parents` so are the directories above.
        """
        directory, name = self._split(path)
        parent = self._parent(directory, parents)
        try:
            for _ in range(_MAX_TRIES):
                try:
                    return self._emptied(parent, name, mode)
                except (FileExistsError, FileNotFoundError):
                    continue  # somebody has made it meanwhile, or removed it
        finally:
            os.close(parent)
        raise failure(errno.EBUSY)

    def entries(self, path: str, bound: int) -> Iterator[tuple[str, os.stat_result]]:
        """The names in a directory and what they are, links as links; EFBIG beyond the bound."""
        handle = self._handle(path, _DIRECTORY)
        try:
            self._require(Open(NOBODY, _place(handle), Access.READ))
            listed = _open(handle, os.O_RDONLY | os.O_DIRECTORY)
        finally:
            os.close(handle)
        try:
            with os.scandir(listed) as found:
                for number, entry in enumerate(found):
                    if number >= bound:
                        raise OSError(errno.EFBIG, f"more than {bound} names", path)
                    try:
                        yield entry.name, entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
        finally:
            os.close(listed)

    def _emptied(self, parent: int, name: str, mode: int) -> int:
        """The file of this name, emptied or made. Raises FileExistsError for one made meanwhile."""
        try:
            handle = openat2(parent, os.fsencode(name), _HANDLE, resolve=_RESOLVE)
        except FileNotFoundError:
            made = child(_place(parent), name)
            self._require_new(Operation.CREATE, made)
            return os.open(name, _NEW, mode & 0o777, dir_fd=parent)
        try:
            place = _place(handle)
            self._require(Open(NOBODY, place, Access.WRITE))
            _check_regular(handle, place)
            fd = _open(handle, os.O_WRONLY)
        finally:
            os.close(handle)
        os.ftruncate(fd, 0)
        return fd

    def _parent(self, directory: str, parents: bool) -> int:
        """A handle of the directory, made with those above where that is asked for."""
        try:
            return self._handle(directory, _DIRECTORY)
        except FileNotFoundError:
            if not parents or directory == "/":
                raise
        above, name = os.path.split(directory)
        parent = self._parent(above, parents)
        try:
            made = child(_place(parent), name)
            try:
                self._require_new(Operation.MKDIR, made)
                os.mkdir(name, dir_fd=parent)
            except FileExistsError:
                pass  # or something else that is no directory: the next call says so
            return openat2(parent, os.fsencode(name), _DIRECTORY, resolve=_RESOLVE)
        finally:
            os.close(parent)

    def _handle(self, path: str, flags: int) -> int:
        root = os.open("/", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            below = self._whole(path).lstrip("/") or "."
            return openat2(root, os.fsencode(below), flags, resolve=_RESOLVE)
        except OSError as error:
            raise OSError(error.errno, os.strerror(error.errno or 0), path) from None
        finally:
            os.close(root)

    def _whole(self, path: str) -> str:
        if not path or "\0" in path:
            raise failure(errno.ENOENT if not path else errno.EINVAL)
        return os.path.normpath(os.path.join(self._workdir, path))

    def _split(self, path: str) -> tuple[str, str]:
        directory, name = os.path.split(self._whole(path))
        if not name:
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        return directory, name

    def _require_new(self, operation: Operation, path: str) -> None:
        """A new name, in a place where the program may also write what it has not made itself."""
        self._require(PathChange(NOBODY, operation, path))
        self._require(Open(NOBODY, path, Access.WRITE))

    def _require(self, request: Request) -> None:
        """Raise PermissionError as a program's call would, also for what the kernel makes up."""
        path: str = getattr(request, "path", "")
        if any(is_within(path, each) for each in floor_exclude()):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
        try:
            self._decisions.require(request)
        except PermissionError as error:
            raise PermissionError(error.errno, os.strerror(error.errno or 0), path) from None


def _place(handle: int) -> str:
    """The canonical path of what a handle is. Raises FileNotFoundError when it has none any more.

    A name that ends like the kernel's mark of a removed file is none either: nobody could tell.
    """
    path = os.readlink(f"/proc/self/fd/{handle}")
    if not path.startswith("/") or path.endswith(" (deleted)"):
        raise failure(errno.ENOENT)
    return path


def _check_regular(handle: int, path: str) -> None:
    mode = os.fstat(handle).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if stat.S_ISLNK(mode):
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "not a regular file", path)


def _open(handle: int, flags: int) -> int:
    """The very object that the handle is."""
    return os.open(f"/proc/self/fd/{handle}", flags | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
