"""A directory that programs may change, and the sandbox that is open around it.

The directory is the environment: it stays when the sandbox closes, and the next use opens another
one around it. Who made it decides when it goes.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import shutil
import stat
import tempfile
import threading

import nono

_PREFIX = "nono-workspace-"
_MADE = re.compile(f"{_PREFIX}[a-z0-9_]{{8}}")
_EMPTY = "chmod -R u+rwX . ; find . -mindepth 1 -delete"
_SECONDS = 60.0


class Gone(Exception):
    """There is no such workspace any more. Another one is not made in its place."""


class Workspace:
    """Used from any thread. What programs may do besides is `policy`; it names no `workdir`.

    `directory` is made where there is none, and stays; without one, a directory for this workspace
    alone is made in `below`, when it is used first. `name` is of one that was made so before. What
    stands in its place later, be it a link, is not it: no sandbox is opened around that.
    """

    def __init__(
        self,
        policy: nono.Policy | None = None,
        directory: str | os.PathLike[str] | None = None,
        below: str | os.PathLike[str] | None = None,
        name: str | None = None,
    ) -> None:
        self._policy = nono.Policy() if policy is None else policy
        self._below = os.path.realpath(tempfile.gettempdir() if below is None else below)
        self._is_kept = directory is not None
        self._directory = None if directory is None else _led(directory)
        if name is not None:
            self._directory = self._of_name(name)
        self._lock = threading.Lock()
        self._box: nono.Sandbox | None = None
        self._is_gone = False

    @property
    def name(self) -> str | None:
        """What finds it again; None before it is made."""
        if self._directory is None:
            return None
        return self._directory if self._is_kept else os.path.basename(self._directory)

    @property
    def directory(self) -> str:
        """Its path, without a link in it; empty before it is made."""
        return self._directory or ""

    @property
    def is_there(self) -> bool:
        """False when it was destroyed, by whomever."""
        return not self._is_gone and _is_ours(self._directory, self._is_kept)

    def box(self) -> nono.Sandbox:
        """The open sandbox; whatever is lacking is made first. Raises Gone, NonoError, OSError."""
        with self._lock:
            if self._directory is None and not self._is_gone:
                self._directory = tempfile.mkdtemp(prefix=_PREFIX, dir=self._below)
                record(self._directory)
            if not self.is_there:
                raise Gone(f"the workspace {self.name} is gone")
            if self._box is None:
                policy = self._policy.workdir(self.directory, allow=True)
                self._box = nono.Sandbox(policy).open()
            return self._box

    def close(self) -> None:
        """End all programs in it. The directory stays, and `box` opens a sandbox again."""
        with self._lock:
            box, self._box = self._box, None
        if box is not None:
            box.close()

    def destroy(self) -> None:
        """Close it for good, and remove the directory if it was made for it. Raises OSError."""
        was_there = self.is_there
        self._is_gone = True
        self.close()  # while anything runs there, it may be filled again and again
        if not self._is_kept and self._directory is not None:
            with contextlib.suppress(OSError):
                os.unlink(_record_of(self._directory))
        if self._is_kept or not was_there:
            return
        # First by a program inside: what was left unsearchable there may be opened by it alone.
        policy = self._policy.workdir(self.directory, allow=True)
        with contextlib.suppress(nono.NonoError, nono.TimeoutExpired), nono.Sandbox(policy) as box:
            argv = ["sh", "-c", _EMPTY]
            box.run(argv, timeout=_SECONDS, stdout=nono.DEVNULL, stderr=nono.DEVNULL)
        try:
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(self.directory)
        except RecursionError:
            raise OSError(errno.ENOTEMPTY, "it is too deep", self.directory) from None

    def _of_name(self, name: str) -> str:
        """A name may come from whoever kept it meanwhile: it leads to what was made here alone."""
        path = os.path.join(self._below, name)
        if _MADE.fullmatch(name) and _is_ours(path, False) and _is_recorded(path):
            return path
        raise Gone(f"there is no workspace {name!r} in {self._below}")


def _led(directory: str | os.PathLike[str]) -> str:
    """Without a link in it. A program of before may have left one: where it leads to is said."""
    os.makedirs(directory, exist_ok=True)
    real = os.path.realpath(directory)
    if os.path.islink(os.path.abspath(directory)):
        said = "%r is a link: the directory that is opened is %r"
        logging.getLogger("nono").warning(said, os.fspath(directory), real)
    return real


def _record_of(directory: str) -> str:
    """In nono's state, which no sandbox writes: in /tmp another one may take a free name."""
    state = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(state):
        state = os.path.expanduser("~/.local/state")
    return os.path.join(state, "nono", "workspaces", os.path.basename(directory))


def record(directory: str) -> None:
    """Note that it was made for a workspace. Raises OSError."""
    path, found = _record_of(directory), os.stat(directory)
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(f"{found.st_dev} {found.st_ino}")


def _is_recorded(directory: str) -> bool:
    try:
        found = os.lstat(directory)
        with open(_record_of(directory), encoding="ascii") as file:
            return file.read(100) == f"{found.st_dev} {found.st_ino}"
    except (OSError, ValueError):
        return False


def _is_ours(path: str | None, is_kept: bool) -> bool:
    """A directory itself; one that was made for a workspace is this user's."""
    try:
        found = os.lstat(path or "")
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and (is_kept or found.st_uid == os.geteuid())
