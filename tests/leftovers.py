"""What the tests must not leave: running processes, files in shared places, modes that stay.

The homes of a run's accounts lie below directories that are named after the run. Whatever was
started for a test has that name in its environment, its working directory or its command line.
"""

import contextlib
import os
import secrets
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SHARED = ("/tmp", "/var/tmp", "/dev/shm")
KEPT_BY_PYTEST = "pytest-of-"
_VARIABLE = "NONO_TESTS_RUN"
_SECONDS = float(os.environ.get("NONO_TESTS_LEFT_AFTER", "30"))

REMOVE_TMPDIRS = """
import os, sys, time
from nono.supervisor.session.abandoned import remove_abandoned
deadline = time.monotonic() + 30
while any(map(os.path.exists, sys.argv[1:])) and time.monotonic() < deadline:
    remove_abandoned(os.environ)
    time.sleep(0.02)
"""
"""Removes the TMPDIRs of nonos that were killed, once they are dead: arguments are `running`'s."""


def prefix() -> str:
    """How the names of this run's directories begin; every process of the run says the same.

    Without digits: a hint names no directory whose name looks like another one next time.
    """
    word = "".join(secrets.choice("ghjkmnpqrstvwxyz") for _ in range(10))
    return os.environ.setdefault(_VARIABLE, f"nono-tests-{word}-")


@dataclass
class Watch:
    """What was there before the tests. With CI=true the machine is theirs, and files count, too."""

    name: str
    before: set[str] = field(default_factory=set)

    @classmethod
    def begin(cls) -> "Watch | None":
        """None in a process that the tests themselves have started."""
        if _VARIABLE in os.environ:
            return None
        return cls(prefix(), entries())

    def end(self) -> list[str]:
        """A line for each thing that is left. Processes are ended, after a while to do so."""
        deadline = time.monotonic() + _SECONDS
        while (self._files() or processes(self.name)) and time.monotonic() < deadline:
            time.sleep(0.05)
        left = processes(self.name)
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        told = [f"process {pid}: {command}" for pid, command in sorted(left.items())]
        return [*told, *(f"file {path}" for path in self._files())]

    def _files(self) -> list[str]:
        """A process that nothing names may still end, and take its file along."""
        return sorted(entries() - self.before) if os.environ.get("CI") == "true" else []

    def report(self, session: pytest.Session) -> None:
        """Fail the session for what is left, and say it."""
        left = self.end()
        if not left:
            return
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        terminal = session.config.pluginmanager.get_plugin("terminalreporter")
        if terminal is not None:
            terminal.section("left behind by the tests", red=True)
            for line in left:
                terminal.line(line)


def running(home: Path) -> list[Path]:
    """What nono has written down of runs that go on, or whose nono was killed."""
    return list(home.glob(".local/state/nono/running/*"))


def processes(name: str) -> dict[int, str]:
    """The processes, but for this one, that have to do with `name`: pid to command line."""
    found = {}
    for directory in Path("/proc").glob("[0-9]*"):
        pid = int(directory.name)
        if pid != os.getpid() and any(name in text for text in _texts(directory)):
            with contextlib.suppress(OSError):
                words = (directory / "cmdline").read_bytes().split(b"\0")
                found[pid] = b" ".join(words).decode(errors="backslashreplace")[:200]
    return found


def _texts(process: Path) -> list[str]:
    """What may be read of it: an ordinary user sees less of what closes its memory, as nono."""
    texts = []
    for file in ("environ", "cmdline"):
        with contextlib.suppress(OSError):
            texts.append((process / file).read_bytes().decode(errors="backslashreplace"))
    with contextlib.suppress(OSError):
        texts.append(os.readlink(process / "cwd"))
    return texts


def entries() -> set[str]:
    """What lies in the places that everybody may write, but for what pytest keeps on purpose."""
    return {
        entry.path
        for place in SHARED
        if os.path.isdir(place)
        for entry in os.scandir(place)
        if not entry.name.startswith(KEPT_BY_PYTEST)
    }
