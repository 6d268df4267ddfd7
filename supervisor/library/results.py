"""What is left of a program that ended, and the errors that carry it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import Any

from nono.broker.errors import NonoError
from nono.broker.limits import Reached
from nono.broker.visible import visible
from nono.supervisor.decisions.denials import Denial
from nono.supervisor.report.schema import heading

_MAX_SHOWN = 8192


@dataclass(frozen=True, slots=True)
class Completed:
    """A program that ended. `returncode` is as `subprocess` has it: -n for signal n."""

    argv: tuple[str, ...]
    returncode: int
    stdout: Any
    """Bytes, text where that was asked for; None when it was not captured."""
    stderr: Any
    denials: tuple[Denial, ...]
    """What this program and what it started was refused, each object once."""
    faults: tuple[str, ...] = ()
    """Tracebacks of bugs in nono itself, and of errors in a function given as `ask`, in its sandbox
    so far; each call in question was refused."""
    duration: float = 0.0
    """Seconds from the start to the program's end."""
    truncated: bool = False
    """True when it has printed more than `max_output`; the rest is dropped."""
    session: str = ""
    """The audit's name for `nono audit show`; empty without one."""
    limits: tuple[Reached, ...] = ()
    """Limits that were reached: by it, or by all that runs in its sandbox."""
    dropped: tuple[str, ...] = ()
    """Variables of `env` that it did not get, as they look like a secret or the policy keeps them
    back, but for those that are this process's own, too: `Policy.variables` passes them on."""

    @property
    def args(self) -> tuple[str, ...]:
        """The command, as `subprocess.CompletedProcess` calls it."""
        return self.argv

    @property
    def output(self) -> Any:
        """The same as `stdout`."""
        return self.stdout

    def check_returncode(self) -> None:
        """Raise CalledProcessError unless it has ended well."""
        if self.returncode:
            raise CalledProcessError(self)

    def to_dict(self) -> dict[str, Any]:
        """As `nono run --report` writes it: plain values, safe to show, without the output."""
        return {
            **heading([visible(word, limit=_MAX_SHOWN) for word in self.argv], self.duration),
            "returncode": self.returncode,
            "truncated": self.truncated,
            "denials": [each.to_dict() for each in self.denials],
            "internal_errors": list(self.faults),
            "audit": {"session": self.session, "stopped": ""} if self.session else None,
            "limits": [each.to_dict() for each in self.limits],
        }


class ProgramError(NonoError):
    """The program was started and did not end as it should. `completed` is what is left of it."""

    def __init__(self, completed: Completed, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.completed = completed
        self.cmd = list(completed.argv)
        self.output = completed.stdout
        self.stderr = completed.stderr


class TimeoutExpired(ProgramError, subprocess.TimeoutExpired):
    """The program was still running, and was ended with all that it had started.

    `output` and `stderr` are what it had printed; `completed` is the whole.
    """

    def __init__(self, completed: Completed, seconds: float) -> None:
        super().__init__(completed, f"{completed.argv[0]}: not done in {seconds:g} s")
        self.timeout = seconds

    def __str__(self) -> str:
        return self.message


class CalledProcessError(ProgramError, subprocess.CalledProcessError):
    """The program has failed, and `check` was asked for. `completed` is what is left of it."""

    def __init__(self, completed: Completed) -> None:
        status = completed.returncode
        how = f"ended with {status}" if status >= 0 else f"was ended by signal {-status}"
        fixes = [each.fix for each in completed.denials if each.fix]
        super().__init__(completed, f"{completed.argv[0]} {how}", fixes[0] if fixes else "")
        self.returncode = status

    def __str__(self) -> str:
        return self.message
