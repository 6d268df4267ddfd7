"""Giving nono's own files inodes of their own: a rule for a path says nothing about other names.

Installers link packages out of a cache, so that a file of the project's environment may *be* one of
nono's, under a name that the program may write. What nono loads and shares so is copied, and the
copy takes its place. That is looked at when the directories of modules have changed since the last
time, which a file in the state directory remembers.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Mapping

from nono.broker.digest import sha256
from nono.supervisor.decisions.searched_modules import search_path
from nono.supervisor.errors import StartError
from nono.supervisor.places import make_private, state_directory
from nono.supervisor.version import VERSION

_MAX_FILES = 200_000


def separate(env: Mapping[str, str]) -> bool:
    """Leave no file of nono's own that has another name, too. True where they were looked through.

    `env` says where the state directory is. Raises StartError where that cannot be done.
    """
    text = _state()
    name = f"own-files-{sha256(os.fsencode(sys.prefix)).hexdigest()[:8]}"
    marker = os.path.join(state_directory(env), name)
    if _read(marker, len(text)) == text:
        return False
    # What only a changed installation needs is loaded only then.
    from nono.supervisor.decisions.own_code import own_files

    for count, path in enumerate(own_files()):
        if count == _MAX_FILES:
            raise StartError(f"nono's own installation has more than {_MAX_FILES} files", _HINT)
        _separate_file(path)
    if _state() == text:  # else it is looked at again the next time
        with contextlib.suppress(OSError):
            _write(marker, text)
    return True


_HINT = "install nono in an environment of its own, without links: UV_LINK_MODE=copy"


def _state() -> bytes:
    """What changes when something is installed: each directory with its identity and time."""
    lines = [f"{VERSION} {os.getuid()} {sys.prefix}"]
    for path in dict.fromkeys((*search_path(), os.path.dirname(os.path.realpath(sys.executable)))):
        with contextlib.suppress(OSError):
            status = os.stat(path)
            lines.append(f"{path} {status.st_dev} {status.st_ino} {status.st_mtime_ns}")
    return "\n".join(lines).encode("utf-8", "surrogateescape")


def _read(path: str, size: int) -> bytes:
    """No more than one byte more than `size`; nothing where there is none."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return b""
    try:
        return os.read(fd, size + 1)
    finally:
        os.close(fd)


def _write(path: str, content: bytes) -> None:
    make_private(os.path.dirname(path))
    new = f"{path}.{os.urandom(8).hex()}"
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(fd, "wb") as file:
        file.write(content)
    os.replace(new, path)


def _separate_file(path: str) -> None:
    """Copy a file that has other names and that its other names may be changed by."""
    try:
        status = os.lstat(path)
    except OSError:
        return
    if status.st_nlink < 2 or not stat.S_ISREG(status.st_mode) or not _is_changeable(path, status):
        return
    import shutil  # for what is copied, which is seldom

    new = f"{path}.nono-{os.urandom(8).hex()}"
    try:
        try:
            shutil.copyfile(path, new, follow_symlinks=False)
            os.chown(new, status.st_uid, status.st_gid)
            shutil.copystat(path, new, follow_symlinks=False)
            os.rename(new, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(new)
            raise
    except OSError as error:
        raise StartError(
            f"{path}: nono's own file has {status.st_nlink} names, by one of which the program"
            f" could change it, and it cannot be copied: {error.strerror}",
            _HINT,
        ) from error


def _is_changeable(path: str, status: os.stat_result) -> bool:
    """Whoever owns a file may change its mode, and so the file."""
    return os.geteuid() in (0, status.st_uid) or os.access(path, os.W_OK)
