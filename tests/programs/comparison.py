"""A program's run, in a form that two runs can be compared in."""

import fnmatch
import hashlib
import os
import shutil
import stat
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import Account, Finished


@dataclass(frozen=True)
class Made:
    """What a run left at one path."""

    mode: str
    """As ls(1) shows it: the type and the permissions."""
    owner: tuple[int, int]
    content: str
    """A file's digest, a link's target; empty for everything else."""


@dataclass(frozen=True)
class Run:
    """What a program said and what it left in its directory."""

    finished: Finished
    tree: Mapping[str, Made]


def fill(account: Account, directory: Path, files: Mapping[str, str]) -> None:
    """Make `directory` hold these files of the account's, and nothing else.

    A file that starts with `#!` is made executable.
    """
    for entry in directory.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    for name, text in files.items():
        account.file(directory / name, text, 0o755 if text.startswith("#!") else 0o644)


def tree(directory: Path, volatile: Collection[str] = ()) -> dict[str, Made]:
    """Everything below `directory` by its relative path.

    The content of a file is left out if a pattern of `volatile` matches its path.
    """
    return {
        name: _made(directory / name, any(fnmatch.fnmatch(name, each) for each in volatile))
        for name in sorted(
            os.path.relpath(os.path.join(parent, name), directory)
            for parent, directories, names in os.walk(directory)
            for name in (*directories, *names)
        )
    }


def _made(path: Path, volatile: bool) -> Made:
    status = path.lstat()
    content = ""
    if stat.S_ISLNK(status.st_mode):
        content = os.readlink(path)
    elif stat.S_ISREG(status.st_mode) and not volatile:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
    return Made(stat.filemode(status.st_mode), (status.st_uid, status.st_gid), content)
