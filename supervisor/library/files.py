"""Files of a sandbox for whoever runs it: by its policy, regular files only, through no link.

Everything here blocks, for as long as a disk takes.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nono.supervisor.errors import UsageError

if TYPE_CHECKING:
    from nono.supervisor.linux.host_names import HostNames
    from nono.supervisor.session.prepare import Prepared

MAX_FILE = 64 << 20
MAX_NAMES = 100_000
_CHUNK = 1 << 20
_KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}

Path = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a directory. `kind` is file, directory, link or other; `modified` in seconds."""

    name: str
    kind: str
    size: int
    modified: float


class Files:
    """Of one open sandbox; paths may be relative to its working directory. Raises UsageError."""

    _files: HostNames

    def __init__(self, prepared: Prepared, workdir: str) -> None:
        if sys.platform == "darwin":
            why = "a sandbox's files are opened on Linux alone, where no link has to be followed"
            raise UsageError(why, 'box.run(["cat", path], capture_output=True)')
        # The door to the platform.
        from nono.supervisor.linux.host_names import HostNames

        confinement = prepared.confinement
        self._files = HostNames(
            prepared.decisions, confinement.injected, os.path.abspath(workdir), prepared.tmpdir
        )

    def read(self, path: Path, max: int = MAX_FILE, *, text: bool = False) -> Any:
        """The whole content. Raises OSError, EFBIG for more than `max` bytes."""
        with open(self._files.open_to_read(os.fspath(path)), "rb") as file:
            data = file.read(max + 1)
        if len(data) > max:
            raise _too_much(path, max)
        return data.decode("utf-8", "replace") if text else data

    def write(
        self, path: Path, data: bytes | str, *, mode: int = 0o666, parents: bool = False
    ) -> None:
        """Make this the whole content; `mode` is a new file's, less this process's umask."""
        given = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
        with open(self._files.open_to_write(os.fspath(path), mode, parents=parents), "wb") as file:
            file.write(given)

    def put(self, source: Path, path: Path, *, parents: bool = False) -> None:
        """Copy a file of this process's into the sandbox, with its permissions.

        A link that a program in the sandbox may have put where `source` is leads nowhere: OSError,
        and what such a place holds is what the program may read.
        """
        with open(self._files.open_to_copy(os.fspath(source)), "rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            target = self._files.open_to_write(os.fspath(path), mode, parents=parents)
            with open(target, "wb") as copy:
                while chunk := file.read(_CHUNK):
                    copy.write(chunk)

    def get(self, path: Path, target: Path, max: int = MAX_FILE) -> None:
        """Copy a file out of the sandbox; what is at `target` is replaced once all is there.

        The copy is its owner's alone, and not where the program may write: it could be another's
        by the time that somebody reads it. Raises OSError, EFBIG for more than `max` bytes.
        """
        self._files.check_out_of_reach(os.path.abspath(target))
        source = self._files.open_to_read(os.fspath(path))
        with open(source, "rb") as file, _replacing(os.fspath(target)) as copy:
            left = max
            while chunk := file.read(min(_CHUNK, left + 1)):
                left -= len(chunk)
                if left < 0:
                    raise _too_much(path, max)
                copy.write(chunk)

    def entries(self, path: Path = ".", max: int = MAX_NAMES) -> list[Entry]:
        """What is in a directory, sorted by name. Raises OSError, EFBIG for more than `max`."""
        found = [_entry(name, each) for name, each in self._files.entries(os.fspath(path), max)]
        return sorted(found, key=lambda entry: entry.name)

    def listdir(self, path: Path = ".", max: int = MAX_NAMES) -> list[str]:
        """The names in a directory, sorted."""
        return [entry.name for entry in self.entries(path, max)]

    def stat(self, path: Path) -> Entry:
        """What has a name, a link included, as every program can see it. Raises OSError."""
        return _entry(os.path.basename(os.fspath(path)), self._files.status(os.fspath(path)))

    def exists(self, path: Path) -> bool:
        """Whether anything has that name, a link included. Raises OSError for a link on the way."""
        try:
            self._files.status(os.fspath(path))
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def mkdir(
        self, path: Path, mode: int = 0o777, *, parents: bool = False, exist_ok: bool = False
    ) -> None:
        """Make a directory, as `pathlib.Path.mkdir` does. Raises OSError."""
        self._files.make_directory(os.fspath(path), mode, parents=parents, exist_ok=exist_ok)

    def remove(self, path: Path) -> None:
        """Remove a file, a link itself, or an empty directory. Raises OSError."""
        self._files.remove(os.fspath(path))

    def rename(self, path: Path, target: Path) -> None:
        """Give it another name; a file that has that one is replaced. Raises OSError."""
        self._files.rename(os.fspath(path), os.fspath(target))


def _entry(name: str, found: os.stat_result) -> Entry:
    kind = _KINDS.get(stat.S_IFMT(found.st_mode), "other")
    return Entry(name, kind, found.st_size, found.st_mtime)


def _too_much(path: Path, size: int) -> OSError:
    return OSError(errno.EFBIG, f"more than {size} bytes", os.fspath(path))


@contextlib.contextmanager
def _replacing(target: str) -> Iterator[Any]:
    """A new file beside the target, which takes its place at the end, and not halfway."""
    directory, name = os.path.split(os.path.abspath(target))
    fd, path = tempfile.mkstemp(prefix=f".{name}.", dir=directory)
    try:
        with open(fd, "wb") as file:
            yield file
        os.replace(path, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(path)
        raise
