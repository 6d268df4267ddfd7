"""One call that waits for a person, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nono.broker import Deny, Process
from nono.supervisor.asking.waiting.program import AskingProgram
from nono.supervisor.decisions.undecided import NOTHING, Once, Undecided

if TYPE_CHECKING:
    import trio


@dataclass(frozen=True, slots=True)
class Again:
    """The call is decided again; `once` is what it alone may."""

    once: Once = NOTHING


@dataclass(frozen=True, slots=True)
class Refused:
    """The call is refused: by a person's answer, or since nobody gave one."""

    why: Deny | None = None


Outcome = Again | Refused


@dataclass(eq=False, slots=True)
class WaitingCall:
    """Of one thread, told apart by what it waits for: a signal has it made again, as the same."""

    process: Process
    undecided: Undecided
    done: trio.Event
    is_plain: bool = False
    """Nobody has to look for what no answer opens: see `plain_calls.py`."""
    outcome: Outcome | None = None
    left: bool = False
    """The caller has a signal to handle, and may come back with the same call."""
    keys: tuple[tuple[object, ...], ...] = field(init=False)
    _program: AskingProgram | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.keys = self.undecided.keys

    @property
    def name(self) -> tuple[object, ...]:
        """Equal for the same call of the same thread."""
        thread = getattr(self.process, "tid", None)
        return (self.process.pid if thread is None else thread, self.keys)

    @property
    def program(self) -> AskingProgram:
        """Who asks, as it was when that was first looked at: it can do nothing while it waits."""
        if self._program is None:
            self._program = AskingProgram(self.process)
        return self._program

    def settle(self, outcome: Outcome) -> None:
        """Say what is to be done. The first word counts."""
        if self.outcome is None:
            self.outcome = outcome
            self.forget()
            self.done.set()

    def forget(self) -> None:
        """Nobody waits for it any more: who asked is not looked at from here on."""
        if self._program is not None:
            self._program.forget()
