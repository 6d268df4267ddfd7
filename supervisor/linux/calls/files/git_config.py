"""git's way to change a protected configuration: `config.lock` is renamed onto `config`.

What git wrote is read once and compared (`broker/git_config.py`); a new file of ours, with just
what was compared, takes the name: *performed on our copy*. Nothing that the program holds open
becomes the configuration, and the name that ours has before is one that no run may write. So is
git's trial of modes on it.
"""

from __future__ import annotations

import errno
import os
import stat
import threading
import time

from nono.broker import Allow, Deny, Metadata, Operation, PathChange, visible
from nono.broker.dataclass import replace
from nono.broker.errors import NotUnderstoodError
from nono.broker.explaining.git_settings import named_for
from nono.broker.git_config import MAX_BYTES, harmful_change
from nono.broker.rules.paths import SHARED, child, is_within
from nono.broker.rules.rule import builtin
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.call import Call
from nono.supervisor.linux.calls.resolving.handles import Entry, Handle
from nono.supervisor.planning.git.git_files import kind_of
from nono.supervisor.planning.projects.start_files import GROUP, ORIGIN
from nono.supervisor.walk import way

_HARMLESS = builtin("harmless settings of git, as nono wrote them")
_TRIAL = builtin("git's trial of whether modes count")
_TRIED = "config"
_NAMES = frozenset({_TRIED, "config.worktree"})
_STALE_SECONDS = 60
_ONE_AT_A_TIME = threading.Lock()


def put_git_config(
    call: Call, decisions: Decisions, old: Entry, new: Entry, source: Handle
) -> bool:
    """True when the configuration was put in place; False when this is no such rename.

    Raises OSError: EPERM, which the report explains, when more changes than is harmless.
    """
    if old.path != f"{new.path}.lock" or os.path.basename(new.path) not in _NAMES:
        return False
    wanted = PathChange(call.caller, Operation.RENAME_TO, new.path)
    _, verdict = decisions.verdict(wanted)
    if not isinstance(verdict, Deny) or verdict.rule.origin != ORIGIN:
        return False
    if source.kind != stat.S_IFREG or not _is_same_directory(old, new):
        return False
    own = call.own.is_own(call.caller, source)
    leaves = PathChange(call.caller, Operation.RENAME_FROM, old.path, own, new.path, False)
    decisions.require(leaves)
    with _ONE_AT_A_TIME:
        before, mode = _current(new)
        after = _content(os.open(source.name, _READING))
        _require_harmless(call, decisions, wanted, verdict, (before, after))
        call.ensure_waiting()
        _put(new, after, mode if mode is not None else stat.S_IMODE(source.stat.st_mode))
        os.unlink(old.name, dir_fd=old.parent.fd)
    decisions.note_moved(old.path)
    decisions.note_moved(new.path)
    return True


def is_trial(decisions: Decisions, mode: int, wanted: Metadata, target: Handle) -> bool:
    """True for how git finds out whether modes count: it gives the owner of its configuration the
    right to execute that, and takes it back.

    Refused, git would write that they do not, for good. Nobody executes a configuration.
    """
    toggled = (target.stat.st_mode ^ mode) & 0o7777
    directory, name = os.path.split(target.path)
    if toggled != stat.S_IXUSR or name != _TRIED or target.kind != stat.S_IFREG:
        return False
    if kind_of(child(directory, "HEAD")) is None:
        return False
    _, verdict = decisions.verdict(wanted)
    if not isinstance(verdict, Deny) or verdict.rule.origin != ORIGIN:
        return False
    if decisions.witness is not None:
        decisions.witness.decision(wanted, wanted, Allow(_TRIAL))
    return True


_READING = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_WRITING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def _is_same_directory(old: Entry, new: Entry) -> bool:
    return os.path.samestat(os.fstat(old.parent.fd), os.fstat(new.parent.fd))


def _current(place: Entry) -> tuple[bytes, int | None]:
    """What is there now and its permissions. Raises OSError (ELOOP) when it is not a file."""
    try:
        fd = os.open(place.name, _READING | os.O_NOFOLLOW, dir_fd=place.parent.fd)
    except FileNotFoundError:
        return b"", None
    mode = stat.S_IMODE(os.fstat(fd).st_mode)
    return _content(fd), mode & 0o777


def _content(fd: int) -> bytes:
    """All of a regular file, which is closed; one byte more than the bound when it is longer."""
    with open(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise failure(errno.EPERM)
        return file.read(MAX_BYTES + 1)


def _require_harmless(
    call: Call,
    decisions: Decisions,
    wanted: PathChange,
    verdict: Deny,
    texts: tuple[bytes, bytes],
) -> None:
    def is_kept(path: bytes) -> bool:
        return _is_kept(call, decisions, wanted.path, os.fsdecode(path))

    try:
        harmful = harmful_change(*texts, is_kept)
    except NotUnderstoodError as error:
        harmful = str(error)
    if harmful is not None:
        origin = replace(verdict.rule.origin, name=named_for(GROUP, visible(harmful)))
        decisions.refuse(wanted, Deny(replace(verdict.rule, origin=origin), verdict.errno))
    if decisions.witness is not None:
        decisions.witness.decision(wanted, wanted, Allow(_HARMLESS))


_SUFFIXES = ("", "/.git", ".git", ".git/.git")
"""Where git looks for a repository that a path names."""


def _is_kept(call: Call, decisions: Decisions, config: str, path: str) -> bool:
    """True when no repository can come to be at a path, or have a hook put in, by this program.

    Not where it leads through links, or goes up from what could be one later: elsewhere then; not
    in shared places, where the program may use what it made; not with `~`.
    """
    if not path.startswith("/"):
        above, name = os.path.split(os.path.dirname(config))
        if name != ".git" or path.startswith("~"):
            return False
        path = os.path.join(above, path)
    plain, links, left = way(path)
    if links or any(not is_within(config, each) for each in left) or _may_be_own(call, plain):
        return False
    return not any(
        decisions.allows(PathChange(call.caller, Operation.CREATE, f"{plain}{suffix}/{name}"))
        for suffix in _SUFFIXES
        for name in ("hooks/x", "config")
    )


def _may_be_own(call: Call, path: str) -> bool:
    """True in a shared place for what the program made there, and for what it may make."""
    if not any(is_within(path, each) for each in SHARED):
        return False
    try:
        fd = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        return call.own.is_own_file(path, fd)
    finally:
        os.close(fd)


def _put(place: Entry, text: bytes, mode: int) -> None:
    """Write a file of ours and give it the name."""
    name, directory = place.name + b".nono", place.parent.fd
    try:
        fd = os.open(name, _WRITING, 0o600, dir_fd=directory)
    except FileExistsError:
        # Left by a run that was killed, or being written by another one.
        found = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if time.time() - found.st_mtime < _STALE_SECONDS:
            raise
        os.unlink(name, dir_fd=directory)
        fd = os.open(name, _WRITING, 0o600, dir_fd=directory)
    try:
        with open(fd, "wb") as file:
            file.write(text)
            os.fchmod(fd, mode & 0o777)
        os.rename(name, place.name, src_dir_fd=directory, dst_dir_fd=directory)
    except BaseException:
        os.unlink(name, dir_fd=directory)
        raise
