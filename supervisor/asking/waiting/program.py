"""Who asks, for people: the program, the script that it runs, and who started it."""

from __future__ import annotations

from nono.broker import Process
from nono.broker.asking.question import Program
from nono.broker.asking.script import script_of
from nono.broker.audit.records import cut
from nono.broker.requests import RecordedProcess


class AskingProgram(Program):
    """A program whose call waits. All of it is its own claim.

    To find out takes as long as all the rest of a question, and its parents as long again, so it
    is done for who looks, and then it stays. Once nobody waits any more its number may be
    another's: `forget`.
    """

    __slots__ = ("_caller", "_parents", "_process", "_remembered")
    _caller: Process | None
    _parents: tuple[str, ...] | None
    _process: RecordedProcess | None
    _remembered: RecordedProcess | None

    def __init__(self, caller: Process, remembered: RecordedProcess | None = None) -> None:
        """`remembered` is what an audit knows of it, for records."""
        object.__setattr__(self, "_remembered", remembered)
        object.__setattr__(self, "_caller", caller)
        object.__setattr__(self, "_parents", None)
        object.__setattr__(self, "_process", None)

    @property
    def process(self) -> RecordedProcess:
        """The process; unknown where nobody looked in time."""
        if self._process is None:
            caller = self._caller
            if caller is None:
                return RecordedProcess(0, "", (), "")
            found = RecordedProcess(caller.pid, caller.exe, cut(caller.argv), caller.cwd)
            object.__setattr__(self, "_process", found)
        return self._process or RecordedProcess(0, "", (), "")

    def remember(self) -> None:
        """Have what a record needs, also once nobody waits any more."""
        object.__setattr__(self, "_remembered", self.recorded)

    @property
    def recorded(self) -> RecordedProcess:
        """As records have it."""
        return self._process or self._remembered or self.process

    @property
    def script(self) -> str:
        """The first argument that is a file, of an interpreter."""
        return script_of(self.process)

    @property
    def parents(self) -> tuple[str, ...]:
        """Names of up to three programs that started it, nearest first."""
        if self._parents is None:
            object.__setattr__(self, "_parents", getattr(self._caller, "parents", ()))
        return self._parents or ()

    def forget(self) -> None:
        """Its call waits no more: what was not looked at stays unknown."""
        object.__setattr__(self, "_caller", None)
