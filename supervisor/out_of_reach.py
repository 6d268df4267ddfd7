"""What cannot be looked up: directories that no program of ours comes into either, and others.

Of these a system has many. Whoever searches the file system asks this where it is refused a
directory or a name: what is in any other one is not seen, and a program may come to it all the
same.
"""

from __future__ import annotations

import errno
import os

from nono.broker.rules.paths import is_within, lineage, parent
from nono.supervisor import looks
from nono.supervisor.descriptors import opened
from nono.supervisor.walk import Followed, Way, way

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.supervisor.kinds_of_looks import StatusOfFile

_PATH_MAX = 4096
_KNOWN = {errno.ENOENT, errno.ENOTDIR, errno.EINVAL, errno.ELOOP}
"""Nothing is there, or no link, or links that lead nowhere."""


def is_out_of_reach(directory: str) -> bool:
    """True for what others own and have closed to us; `directory` is a canonical path.

    One of our own can be opened by every program that we start, and names in one that may be
    searched lead on though nobody lists them. Where the way to it is closed, the first directory
    on it that can be seen decides. Nothing is out of root's reach: what refuses root to look, as
    a mount of somebody else's does, knows its programs by more than their number. What is not
    known is no reason to leave something out.
    """
    ours = {os.getuid(), os.geteuid()}
    if 0 in ours:
        return False
    for each in lineage(directory):
        try:
            owner = looks.stat(each).st_uid
        except PermissionError:
            continue
        except (OSError, ValueError):
            return False
        return owner not in ours and not looks.access(each, os.X_OK)
    return False


def is_unseen(error: OSError, path: str) -> bool:
    """Whether something may be at a canonical path, for a program of ours to come to, that could
    not be looked up for this error."""
    if error.errno == errno.ENAMETOOLONG:
        return len(os.fsencode(path)) >= _PATH_MAX  # or one name in it is longer than any is
    if error.errno in (errno.EACCES, errno.EPERM):
        return not is_out_of_reach(parent(path))
    return error.errno not in _KNOWN


def is_missing(path: str) -> bool:
    """Whether nothing is at a canonical path, or nothing that a program of ours comes to."""
    try:
        looks.lstat(path)
    except OSError as error:
        return not is_unseen(error, path)
    return False


def lstat(path: str) -> StatusOfFile:
    """As os.lstat(), also where the path is longer than the kernel takes at once.

    A directory whose path has 4,095 bytes can be listed, and who is in it may use each name.
    Raises OSError, StartError.
    """
    try:
        return looks.file_status(path, follow_symlinks=False)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
    return _lstat(path)


def links_status(path: str) -> StatusOfFile:
    """As `lstat`. Of a file with one name, only that is for use."""
    try:
        return looks.links_status(path)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
    return _lstat(path)


def _lstat(path: str) -> StatusOfFile:
    directory, name = _in_directory(path)
    try:
        return os.lstat(name, dir_fd=directory)
    finally:
        os.close(directory)


def led_to(path: str, followed: Followed) -> Way:
    """The way of a link in a directory of a canonical path, which may be as long as that of
    `lstat`, beyond the link.

    What holds the link itself is nothing that it goes up from. Raises OSError, for what is no link,
    too, StartError, and NotFollowedError, with the link as what was `followed` last.
    """
    given = os.path.join(os.path.dirname(path), _readlink(path))
    with followed.ending_at(path):
        led = way(given, followed=followed)
    return led._replace(left=tuple(each for each in led.left if not is_within(path, each)))


def _readlink(path: str) -> str:
    """As os.readlink(), for a path as long as that of `lstat`."""
    try:
        return looks.readlink(path)
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
    directory, name = _in_directory(path)
    try:
        return os.readlink(name, dir_fd=directory)
    finally:
        os.close(directory)


def _in_directory(path: str) -> tuple[int, str]:
    above, _, name = path.rpartition("/")
    return opened(above or "/", os.O_RDONLY | os.O_DIRECTORY), name
