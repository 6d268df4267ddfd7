"""A control group of version 2 that is ours: its files, its processes, its end.

Sources: cgroups(7), Documentation/admin-guide/cgroup-v2.rst of the kernel.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Iterable, Mapping

PROCESSES = "cgroup.procs"
CONTROL = "cgroup.subtree_control"
_MAX_TEXT = 1 << 16
_KILLED_SECONDS = 0.005
_KILLED_ROUNDS = 200


class Cgroup:
    """One directory of the hierarchy."""

    def __init__(self, path: str) -> None:
        self.path = path

    @staticmethod
    def made(path: str) -> Cgroup:
        """A new one. Raises OSError."""
        os.mkdir(path, 0o755)
        return Cgroup(path)

    def below(self, name: str) -> Cgroup:
        """A new one in it. Raises OSError."""
        return Cgroup.made(f"{self.path}/{name}")

    def write(self, name: str, value: object) -> None:
        """Raises OSError: ENOENT where the kernel, or what it enables here, has no such file."""
        fd = os.open(f"{self.path}/{name}", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, str(value).encode())
        finally:
            os.close(fd)

    def read(self, name: str) -> str:
        """The text of a file; empty where there is none."""
        return read(f"{self.path}/{name}")

    def number(self, name: str) -> int | None:
        """What a file of one number says; None where it says none."""
        text = self.read(name).strip()
        return int(text) if text.isdecimal() else None

    def counts(self, name: str) -> Mapping[str, int]:
        """What a file of names and numbers says, such as `memory.events`."""
        lines = (line.split() for line in self.read(name).splitlines())
        return {line[0]: int(line[1]) for line in lines if len(line) == 2 and line[1].isdecimal()}

    def enable(self, controllers: Iterable[str]) -> None:
        """For what is made in it. Raises OSError: EBUSY while processes are in it."""
        self.write(CONTROL, " ".join(f"+{each}" for each in sorted(controllers)))

    def kill(self) -> None:
        """Every process in it and below. Never raises."""
        with contextlib.suppress(OSError):
            self.write("cgroup.kill", 1)  # Linux 5.14

    def remove(self) -> bool:
        """It and all below it, where no process is left; False where some are. Never raises."""
        with contextlib.suppress(OSError):
            for entry in os.scandir(self.path):
                if entry.is_dir(follow_symlinks=False):
                    Cgroup(entry.path).remove()
        try:
            os.rmdir(self.path)
        except OSError as error:
            return error.errno == errno.ENOENT
        return True

    def end(self) -> None:
        """Kill what is in it and remove it, which takes as long as the processes take to end."""
        for _ in range(_KILLED_ROUNDS):
            if self.remove():
                return
            self.kill()
            time.sleep(_KILLED_SECONDS)


def read(path: str) -> str:
    """The text of a small file of the kernel's; empty where there is none."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.read(fd, _MAX_TEXT).decode("ascii", "replace")
        finally:
            os.close(fd)
    except OSError:
        return ""
