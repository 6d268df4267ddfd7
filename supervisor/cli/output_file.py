"""A file that is written after a program ran which may have written there, too."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import stat

from nono.broker.visible import visible
from nono.supervisor.cli.messages import say_afterwards
from nono.supervisor.errors import NonoError, hint_of
from nono.supervisor.places import path_of

_FULL = (errno.ENOSPC, errno.EDQUOT)


class OutputFile:
    """An open file, under the name that it has now. What is no regular file has none.

    Without a descriptor there is nothing to keep, and nothing is written. `place` is the name that
    it gets when it is written, in the place of what is there.
    """

    def __init__(self, descriptor: int | None, place: str = "") -> None:
        self._descriptor = descriptor
        self._place = place
        self._path = ""
        if descriptor is None:
            return
        try:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                self._path = path_of(descriptor)
                if place:
                    # Where the file really is: a link on the way may lead elsewhere by the end.
                    directory = os.path.dirname(self._path)
                    self._place = os.path.join(directory, os.path.basename(place))
        except OSError:
            return  # closed: whoever writes there will see

    @property
    def path(self) -> str:
        """The name that it has when it is written; empty for none."""
        return self._place or self._path

    def _device(self) -> str:
        """What a device, a pipe, or a descriptor that is closed by now is called."""
        try:
            return path_of(self._descriptor if self._descriptor is not None else -1)
        except OSError:
            return "the file"

    def check(self) -> None:
        """Raise NonoError when the name means another file by now, or none.

        Whoever reads it by that name would take what the program put there for ours.
        """
        if not self._path or self._descriptor is None:
            return
        ours = os.fstat(self._descriptor)
        try:
            found = os.stat(self._path, follow_symlinks=False)
        except OSError:
            found = None
        if found is None or (found.st_dev, found.st_ino) != (ours.st_dev, ours.st_ino):
            raise NonoError(
                f"{self._path} was removed or replaced while the program ran",
                "write to a directory that the program cannot write in",
            )

    @property
    def replaces(self) -> bool:
        """True while there is something in the place that it gets."""
        return bool(self._place) and os.path.lexists(self._place)

    def write(self, data: bytes) -> bool:
        """Make this the whole content of the file, and close it. Raises as `check`.

        What cannot be written is told, and removed where it had begun; False then: the program has
        run, and its exit status stays what it is.
        """
        if self._descriptor is None:
            return True
        self.check()
        try:
            if self._path:  # a device stays what it is for others
                os.fchmod(self._descriptor, 0o600)
                os.ftruncate(self._descriptor, 0)
            with open(self._descriptor, "wb", closefd=False) as file:
                file.write(data)
            if self._place:
                os.replace(self._path, self._place)
        except OSError as error:
            tell_not_written(self.path or self._device(), error)
            self.discard()
            return False
        os.close(self._descriptor)
        self._descriptor = None
        return True

    def discard(self) -> None:
        """Remove the file, if it still has its name, and close it."""
        if self._descriptor is None:
            return
        with contextlib.suppress(OSError, NonoError):
            self.check()
            os.unlink(self._path)
        os.close(self._descriptor)
        self._descriptor = None


def instead_of(path: str, number: int | None) -> str:
    """What to do where a new file cannot be made at a path."""
    directory = os.path.dirname(path)
    if number == errno.ENOENT and directory:
        return f"mkdir -p {shlex.quote(directory)}"
    return "name a new file"


def tell_not_written(name: str, error: OSError) -> None:
    """Say which file is missing after the run, and what to do about it."""
    why = error.strerror or "it cannot be written"
    said = visible(f"{name}: not written, after the program has run: {why}", limit=1000)
    directory = os.path.dirname(name)
    look = "df -h" if error.errno in _FULL else "ls -ld"
    hint = f"{look} {shlex.quote(directory)}" if directory else ""
    if error.errno == errno.EFBIG:
        hint = hint_of(errno.EFBIG)
    lines = [f"nono: {said}", f"hint: {visible(hint, limit=1000)}"]
    say_afterwards(lines if hint else lines[:1])
