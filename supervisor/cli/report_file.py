"""`nono run --report`: the report for programs, where the program that is run cannot print.

It is written once everything of the run is gone, whatever became of it.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

from nono.broker.errors import NonoError
from nono.broker.limits import Reached
from nono.broker.visible import visible
from nono.supervisor.cli.output_file import OutputFile, instead_of, tell_not_written
from nono.supervisor.errors import UsageError
from nono.supervisor.report.schema import heading

if TYPE_CHECKING:
    from nono.supervisor.planning.plan import Plan

_STREAMS = 3
_MAX_WORD = 8192
_NEW = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class ReportFile:
    """Of one run. Made before the program could make the file."""

    def __init__(self, target: str, argv: Sequence[str]) -> None:
        """`target` is a path, or the number of a descriptor. Raises UsageError."""
        self.made: dict[str, Any] = {
            "denials": [],
            "internal_errors": [],
            "audit": None,
            "limits": [],
        }
        """What is told of the run, as soon as it is known."""
        self.status: int | None = None
        """The program's wait status; None when it was ended by us, or never run."""
        self.is_timed_out = False
        self._argv = [visible(word, limit=_MAX_WORD) for word in argv]
        self._begin = time.monotonic()
        self._target = target
        is_descriptor = target.removeprefix("-").isdecimal()
        self._fd = _descriptor(target) if is_descriptor else _file(target)
        self._file = None if is_descriptor else OutputFile(self._fd)

    def note_timeout(self, plan: Plan) -> None:
        """The plan's time was up, and everything was killed."""
        self.is_timed_out = True
        if plan.limits is not None and plan.limits.timeout is not None:
            program = os.path.basename(self._argv[0])
            reached = Reached("timeout", plan.limits.timeout, program, is_ended=True)
            self.made["limits"] = [*self.made["limits"], reached.to_dict()]

    def __enter__(self) -> ReportFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Write it, or tell that it cannot be. Raises NonoError."""
        status = None if self.status is None else os.waitstatus_to_exitcode(self.status)
        told = {
            **heading(self._argv, time.monotonic() - self._begin),
            "returncode": status,
            "timed_out": self.is_timed_out,
            "error": _words(error),
            **self.made,
        }
        data = json.dumps(told).encode() + b"\n"
        if self._file is not None:
            self._file.write(data)
            return
        try:
            with open(self._fd, "wb") as file:
                file.write(data)
        except OSError as failed:
            tell_not_written(f"--report {self._target}", failed)


def _words(error: BaseException | None) -> dict[str, str] | None:
    if error is None:
        return None
    if not isinstance(error, NonoError):
        return {"kind": type(error).__name__, "message": "", "hint": ""}
    return {"kind": type(error).__name__, "message": error.message, "hint": error.hint}


def _descriptor(target: str) -> int:
    """A copy of a descriptor that this process was given, and may write to."""
    try:
        if 0 <= int(target) < _STREAMS:
            raise UsageError(
                f"--report {target}: the program prints there, too",
                f"--report {_STREAMS} {_STREAMS}>report.json",
            )
        if fcntl.fcntl(int(target), fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise UsageError(
                f"--report {target}: this descriptor is open for reading alone",
                f"--report {target} {target}>report.json",
            )
        return fcntl.fcntl(int(target), fcntl.F_DUPFD_CLOEXEC, _STREAMS)
    except (OSError, OverflowError, ValueError):
        raise UsageError(
            f"--report {target}: no such descriptor is open", f"--report ./{target}, for a file"
        ) from None


def _file(target: str) -> int:
    try:
        fd = os.open(target, _NEW, 0o600)
    except OSError as error:
        why = os.strerror(error.errno or 0)
        hint = instead_of(target, error.errno)
        raise UsageError(f"--report {target}: {why}", hint) from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise UsageError(f"--report {target}: not a regular file", "name a new file")
    return fd
