"""What of the machine and of the run decides which answers a question offers."""

from __future__ import annotations

from typing import Protocol

from nono.broker.asking.question import Program, Subject
from nono.broker.dataclass import dataclass, field
from nono.broker.learning.generalise import Surroundings
from nono.broker.policy.policy import Policy
from nono.broker.requests import Request
from nono.broker.rules.paths import is_within, parent
from nono.broker.verdicts import Ask

_MAX_KNOWN = 1024


class Look(Protocol):
    """A bounded look at the file system as it is now. Nothing is decided on it."""

    def is_directory(self, path: str) -> bool:
        """Whether the path is a directory."""

    def reach(self, directory: str) -> str:
        """How much is in it, in words ("312 files, 1.2 GB, 2 are links out"); empty if nobody
        knows."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run asks from. `kept_in` is the file that answers are kept in; empty for none."""

    around: Surroundings
    look: Look
    kept_in: str = ""
    _wholes: dict[str, str | None] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def whole(self, directory: str) -> str | None:
        """What to open as a whole: a program's own state or this directory, where that is safe."""
        try:
            return self._wholes[directory]
        except KeyError:
            if len(self._wholes) >= _MAX_KNOWN:
                self._wholes.clear()
            found = self._wholes[directory] = self._found_whole(directory)
            return found

    def _found_whole(self, directory: str) -> str | None:
        own = self.around.state_of(directory)
        if own is not None and is_within(directory, own):
            return own
        return directory if self.around.is_safe(directory) else None

    def has_wider(self, directory: str, neighbours: int) -> bool:
        """Whether the directory may be opened as a whole, or the tree around it and its neighbours.

        The tree is worth to be offered from the second of them on.
        """
        whole = self.whole(directory)
        return whole is not None or bool(neighbours and self.around.is_safe(parent(directory)))


@dataclass(frozen=True, slots=True)
class Asked:
    """What one question is about: all requests that wait for it, each with what asks.

    `subject` is what they have in common, where that is not the subject of the first. `later`
    counts the calls that wait for the next question.
    """

    id: int
    questions: tuple[tuple[Request, Ask], ...]
    program: Program
    waiting: int = 1
    subject: Subject | None = None
    later: int = 0
    policy: Policy | None = None
    """The one that asks, where it is one."""

    @property
    def requests(self) -> tuple[Request, ...]:
        """Without what asks."""
        return tuple([each for each, _ in self.questions])

    def is_of(self, policy: Policy) -> bool:
        """Whether what asks is what this policy says as well: no answer of it may refuse by now."""
        return policy is self.policy or not policy.answers
