"""What of the machine and of the run decides which answers a question offers."""

from __future__ import annotations

from typing import Protocol

from nono.broker.asking.question import Program, Subject
from nono.broker.dataclass import dataclass, field
from nono.broker.learning.generalise import Surroundings
from nono.broker.policy.policy import Policy
from nono.broker.requests import Request
from nono.broker.verdicts import Ask


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
    requests: tuple[Request, ...] = field(init=False, compare=False)
    """Without what asks."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "requests", tuple([each for each, _ in self.questions]))
