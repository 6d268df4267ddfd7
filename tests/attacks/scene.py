"""What an attack is made on: a directory to write in, and things that must stay as they are."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import Account, Secret


@dataclass(frozen=True)
class Scene:
    """Everything belongs to the account, so that nothing but nono is in the way."""

    base: Path
    work: Path
    """The one directory that may be written."""
    file: Path
    """A denied file, in a directory and a directory of that which are not denied."""
    directory: Path
    """A denied directory."""
    inner: Path
    """A file in the denied directory."""
    plain: Path
    """A file that may be read and not written."""
    secrets: tuple[str, ...]
    """What is in the denied files."""

    @property
    def denied(self) -> tuple[Path, Path, Path]:
        """The denied file, the denied directory, the file in it."""
        return self.file, self.directory, self.inner

    @property
    def options(self) -> tuple[str | Path, ...]:
        """Read everything, write one directory, deny one file and one directory."""
        denied = ("--deny", self.file, "--deny", self.directory)
        return ("--read", "/", "--write", self.work, *denied)

    def snapshot(self) -> dict[str, tuple[object, ...]]:
        """Everything that no attack may change, by path."""
        for path in reversed(self.file.parents):
            if path.is_relative_to(self.work) and not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o700)  # its own to close; we have to look
        guarded = [self.base, self.file, self.directory, *_below(self.directory), self.plain]
        outside = [
            path
            for path in _below(self.base, leave_out="mounted")
            if not path.is_relative_to(self.work)
        ]
        return {str(path): _state(path) for path in {*guarded, *outside}}


def build(account: Account, base: Path, *, inside: bool) -> Scene:
    """Make a scene with the denied things inside the writable directory, or elsewhere."""
    work = account.directory(base / "work")
    near = (work if inside else base) / "near" / "deep"
    denied = (near / "denied.txt", near / "vault" / "inner.txt")
    secrets = tuple(_secret(account, path) for path in denied)
    plain = account.file(base / "readable" / "plain.txt", "as it was\n")
    os.setxattr(plain, "user.kept", b"as it was")
    return Scene(base, work, denied[0], denied[1].parent, denied[1], plain, secrets)


def _secret(account: Account, path: Path) -> str:
    account.directory(path.parent)
    made: Secret = account.secret(str(path))
    return made.text


def _below(directory: Path, leave_out: str = "") -> Iterator[Path]:
    for root, directories, files in os.walk(directory):
        directories[:] = [name for name in directories if name != leave_out]
        for name in (*directories, *files):
            yield Path(root, name)


def _state(path: Path) -> tuple[object, ...]:
    """All of it but the time of the last access. The time of change tells of every change."""
    status = path.lstat()
    kind = stat.S_IFMT(status.st_mode)
    data = path.read_bytes() if kind == stat.S_IFREG else b""
    names = sorted(os.listdir(path)) if kind == stat.S_IFDIR else []
    return (
        *(status.st_mode, status.st_uid, status.st_gid, status.st_nlink, status.st_ino),
        *(status.st_mtime_ns, status.st_ctime_ns, data, names, sorted(os.listxattr(path))),
    )
