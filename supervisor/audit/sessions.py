"""Where audits are kept: `$XDG_STATE_HOME/nono/sessions/ID/`, private to the user.

No sandbox may read or write there, whatever its policy allows: a refusal of nono's own is put into
every policy. Each session holds the `records` (`nono.broker.audit.chain`), in several files if they
are many, and their `seal`. A session that still runs holds a lock on the first file: flock(2).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterable, Mapping
from itertools import islice

from nono.broker.compiled import pattern_of
from nono.broker.named_tuple import NamedTuple
from nono.supervisor.audit.record_files import RECORDS, RecordFiles, file_names, total_size
from nono.supervisor.errors import UsageError
from nono.supervisor.locked import is_locked
from nono.supervisor.places import make_private, state_directory, through

SEAL = "seal"
MAX_SESSIONS = 100
MAX_BYTES = 2 << 30
"""Of all finished sessions together; the oldest are removed when a new one begins."""
_NAME = pattern_of(r"\d{8}T\d{6}-\d{6}-[0-9a-f]{8}")
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class NewSession(NamedTuple):
    """A session that was just made; files and descriptor are the caller's."""

    name: str
    records: RecordFiles
    seal: int

    def close(self) -> None:
        self.records.close()
        os.close(self.seal)


def create_session(env: Mapping[str, str]) -> NewSession:
    """Make a session and remove the oldest finished ones beyond the bounds. Raises OSError."""
    with contextlib.ExitStack() as held:
        directory = _open_sessions(env, held)
        now = time.time_ns() // 1000
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now // 1_000_000))
        name = f"{stamp}-{now % 1_000_000:06}-{os.urandom(4).hex()}"
        _make(directory, name, env)
        with contextlib.ExitStack() as undo:
            undo.callback(_remove, directory, name)
            place = os.open(name, _DIRECTORY, dir_fd=directory)
            held.callback(os.close, place)
            records = RecordFiles(place)
            undo.callback(records.close)
            fcntl.flock(records.first, fcntl.LOCK_EX | fcntl.LOCK_NB)
            seal = os.open(SEAL, _NEW, 0o600, dir_fd=place)
            undo.pop_all()
        prune(directory, MAX_SESSIONS, MAX_BYTES)
        return NewSession(name, records, seal)


def _make(directory: int, name: str, env: Mapping[str, str]) -> None:
    """Raises OSError with the whole path."""
    try:
        os.mkdir(name, 0o700, dir_fd=directory)
        os.chmod(name, 0o700, dir_fd=directory)  # the umask may take from the owner
    except OSError as error:
        path = os.path.join(state_directory(env), "sessions", name)
        raise OSError(error.errno, error.strerror, path) from None


def _open_sessions(env: Mapping[str, str], held: contextlib.ExitStack) -> int:
    """A descriptor of the sessions' directory, which is made if it is missing."""
    path = os.path.join(state_directory(env), "sessions")
    make_private(path)
    directory = os.open(path, _DIRECTORY)
    held.callback(os.close, directory)
    status = os.fstat(directory)
    if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o022:
        raise OSError(errno.EPERM, "others may write there", path)
    return directory


def find_sessions(env: Mapping[str, str]) -> list[str]:
    """The paths of all sessions, the oldest first; none where there is no directory."""
    path = os.path.join(state_directory(env), "sessions")
    try:
        names = os.listdir(path)
    except FileNotFoundError:
        return []
    return [os.path.join(path, name) for name in sorted(names) if _NAME.fullmatch(name)]


def find_session(env: Mapping[str, str], name: str) -> str:
    """The path of one session by its name, a beginning of it, or `last`. Raises UsageError."""
    known = find_sessions(env)
    if name == "last":
        # From the end: one from long ago that cannot be looked into is not asked about.
        known = list(islice((path for path in reversed(known) if not is_running(path)), 1))
    else:
        known = [path for path in known if os.path.basename(path).startswith(name)]
    if not known:
        what = "no finished session" if name == "last" else f"no session {name}"
        raise UsageError(f"there is {what} in {state_directory(env)}/sessions", "nono audit list")
    if len(known) > 1:
        raise UsageError(f"{len(known)} sessions begin with {name}", "nono audit list")
    return known[0]


def is_running(path: str) -> bool:
    """True while the session's nono lives. Raises OSError."""
    try:
        return is_locked(os.path.join(path, RECORDS))
    except FileNotFoundError:
        return False


def clean_up(env: Mapping[str, str], keep: int) -> int:
    """Remove all finished sessions but the last `keep`; how many. Raises OSError."""
    path = os.path.join(state_directory(env), "sessions")
    try:
        directory = os.open(path, _DIRECTORY)
    except FileNotFoundError:
        return 0
    try:
        return prune(directory, keep, MAX_BYTES)
    finally:
        os.close(directory)


def prune(directory: int, most: int, most_bytes: int) -> int:
    """Remove the oldest finished sessions beyond a number and a size; how many were removed."""
    removed = kept = size = 0
    for name in sorted(_names(directory), reverse=True):
        kept += 1
        size += total_size(directory, name)
        if kept <= most and size <= most_bytes:
            continue
        with contextlib.suppress(OSError):
            if not is_running(os.path.join(through(directory), name)):
                _remove(directory, name)
                removed += 1
    return removed


def _names(directory: int) -> Iterable[str]:
    return (name for name in os.listdir(directory) if _NAME.fullmatch(name))


def _remove(directory: int, name: str) -> None:
    for file in (SEAL, *file_names(directory, name)):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{name}/{file}", dir_fd=directory)
    os.rmdir(name, dir_fd=directory)
