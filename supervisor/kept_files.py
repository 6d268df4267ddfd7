"""Small files that nono keeps for later runs, so that it need not make again what is in them.

They are in its state directory, which no sandbox can read or write. What is odd about one (another
user's, open to others, a link, too large) makes it one that is not there.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Mapping

from nono.broker.rules.paths import is_within
from nono.supervisor.places import home_directory, make_private, state_directory

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Any

MAX_BYTES = 1 << 21
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def read_kept(kind: str, name: str, env: Mapping[str, str]) -> bytes:
    """What is in the file of this name among those of a kind; nothing where none counts."""
    try:
        directory = os.open(os.path.join(state_directory(env), kind), _DIRECTORY)
    except (OSError, ValueError):
        return b""
    try:
        with open(os.open(name, _OLD, dir_fd=directory), "rb") as file:
            if _is_own(directory, stat.S_ISDIR) and _is_own(file.fileno(), stat.S_ISREG):
                data = file.read(MAX_BYTES + 1)
                return data if len(data) <= MAX_BYTES else b""
    except OSError:
        pass
    finally:
        os.close(directory)
    return b""


def keep(kind: str, name: str, data: bytes, env: Mapping[str, str]) -> None:
    """Put it there in one step. What is too large, and where nothing can be kept, is not kept.

    No home is made: one that is missing is none of the person's.
    """
    place, home = os.path.join(state_directory(env), kind), home_directory(env)
    is_gone = is_within(place, home) and not os.path.isdir(home)
    if len(data) > MAX_BYTES or is_gone:
        return
    try:
        make_private(place)
        directory = os.open(place, _DIRECTORY)
    except (OSError, ValueError):
        return
    new = f"{name}.{os.urandom(8).hex()}"
    try:
        with open(os.open(new, _NEW, 0o600, dir_fd=directory), "wb") as file:
            file.write(data)
        os.rename(new, name, src_dir_fd=directory, dst_dir_fd=directory)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(new, dir_fd=directory)
    finally:
        os.close(directory)


def _is_own(fd: int, is_kind: Any) -> bool:
    found = os.fstat(fd)
    written_by_others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return is_kind(found.st_mode) and found.st_uid == os.geteuid() and not written_by_others
