"""Who asks, for people: the program, the script that it runs, and who started it."""

from __future__ import annotations

import os
from typing import Any

from nono.broker import Process
from nono.broker.asking.question import Program
from nono.broker.audit.records import cut
from nono.broker.requests import RecordedProcess

_INTERPRETERS = ("python", "node", "perl", "ruby", "sh", "bash", "dash", "zsh", "deno", "bun")


class AskingProgram(Program):
    """A program whose call waits. All of it is its own claim.

    To find its parents takes as long as all the rest of a question, so it is done for who looks at
    them. Once nobody waits any more its number may be another's: `forget`.
    """

    __slots__ = ("_caller", "_parents")
    _caller: Any
    _parents: tuple[str, ...] | None

    def __init__(self, caller: Process) -> None:
        recorded = RecordedProcess(caller.pid, caller.exe, cut(caller.argv), caller.cwd)
        for name, value in (
            ("process", recorded),
            ("script", _script(recorded)),
            ("_caller", caller),
            ("_parents", None),
        ):
            object.__setattr__(self, name, value)

    @property
    def parents(self) -> tuple[str, ...]:
        """Names of up to three programs that started it, nearest first."""
        if self._parents is None:
            object.__setattr__(self, "_parents", getattr(self._caller, "parents", ()))
        return self._parents or ()

    def forget(self) -> None:
        """Its call waits no more: what was not looked at stays unknown."""
        object.__setattr__(self, "_caller", None)


def _script(process: RecordedProcess) -> str:
    """The first argument that is no option, of an interpreter."""
    if not os.path.basename(process.exe).startswith(_INTERPRETERS):
        return ""
    for word in process.argv[1:]:
        if word in ("-c", "-m", "-e"):
            return ""
        if not word.startswith("-"):
            return word
    return ""
