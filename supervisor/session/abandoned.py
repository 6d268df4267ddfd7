"""The private TMPDIRs of runs whose nono was killed: the user's next run removes them.

A run writes down its TMPDIR where no sandbox can read or write, in nono's state directory, and
holds a lock on that record (flock(2)), which ends with it however it ends. What is not locked is
abandoned. The record has the directory's device and inode, so nothing else of that name is removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Mapping

from nono.broker.named_tuple import NamedTuple
from nono.supervisor.places import TMPDIR_PREFIX, make_private, state_directory
from nono.supervisor.session.tmpdir import remove_tree

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MAX_RECORD = 8192
_MAX_AT_ONCE = 200


class Claim(NamedTuple):
    """A record that says of a TMPDIR that its run lives."""

    path: str
    descriptor: int

    def end(self) -> None:
        """For when the TMPDIR is gone."""
        with contextlib.suppress(OSError):
            os.unlink(self.path)
        os.close(self.descriptor)


def claim(tmpdir: str, env: Mapping[str, str]) -> Claim | None:
    """Write down the TMPDIR of this run; None where nothing can be written down."""
    found = os.stat(tmpdir)
    text = b"%d %d %s" % (found.st_dev, found.st_ino, os.fsencode(tmpdir))
    try:
        place = _place(env)
        make_private(place)
        path = os.path.join(place, os.path.basename(tmpdir))
        descriptor = os.open(path, _NEW, 0o600)
    except OSError:
        return None
    made = Claim(path, descriptor)
    try:
        # Before there is anything to read: what is locked is not looked at.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.write(descriptor, text)
    except OSError:
        made.end()
        return None
    return made


def remove_abandoned(env: Mapping[str, str]) -> None:
    """Remove what killed runs of this user have left, a bounded number of them at a time."""
    try:
        directory = os.open(_place(env), _DIRECTORY)
    except OSError:
        return
    try:
        status = os.fstat(directory)
        if status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o022:
            for name in sorted(os.listdir(directory))[:_MAX_AT_ONCE]:
                with contextlib.suppress(OSError):
                    _remove(directory, name)
                    _remove_socket(name, env)
    finally:
        os.close(directory)


def _place(env: Mapping[str, str]) -> str:
    return os.path.join(state_directory(env), "running")


def _remove(directory: int, name: str) -> None:
    """One record and its directory. Raises OSError, BlockingIOError where its run lives."""
    record = os.open(name, _OLD, dir_fd=directory)
    try:
        fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
        tmpdir = _recorded(os.read(record, _MAX_RECORD))
        if tmpdir is not None:
            remove_tree(tmpdir)
        if tmpdir is None or not os.path.lexists(tmpdir):
            os.unlink(name, dir_fd=directory)
    finally:
        os.close(record)


def _remove_socket(name: str, env: Mapping[str, str]) -> None:
    """What clients would have connected to."""
    from nono.supervisor.asking.control.listening import remove_of  # seldom needed

    remove_of(name.removeprefix(TMPDIR_PREFIX), env)


def _recorded(text: bytes) -> str | None:
    """The directory that a record is about, if it is there and is the same one."""
    device, _, rest = text.partition(b" ")
    inode, _, path = rest.partition(b" ")
    tmpdir = os.fsdecode(path)
    if not os.path.isabs(tmpdir) or not os.path.basename(tmpdir).startswith(TMPDIR_PREFIX):
        return None
    try:
        found = os.lstat(tmpdir)
    except OSError:
        return None
    is_same = (b"%d" % found.st_dev, b"%d" % found.st_ino) == (device, inode)
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    return tmpdir if is_same and ours else None
