"""What is wrong with a profile, and what a person should know about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from nono.broker import PolicyError
from nono.broker.errors import Problem
from nono.broker.settings import Setting
from nono.supervisor.planning.profiles.profile_files import is_built_in

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import TypeVar

    _Made = TypeVar("_Made")


class Findings:
    """All problems are reported together; `notes` hinder nothing."""

    def __init__(self, notes: Iterable[str] = ()) -> None:
        self.problems: list[Problem] = []
        self.notes = list(notes)

    def tried(self, setting: Setting, make: Callable[..., _Made], *args: object) -> _Made | None:
        """What `make` makes; a PolicyError becomes a problem with the setting."""
        try:
            return make(*args)
        except PolicyError as error:
            self.problems.append(setting.problem(error.message, error.hint))
            return None

    def complain(self, setting: Setting, message: str, hint: str = "leave it out") -> None:
        """A problem with the setting."""
        self.problems.append(setting.problem(message, hint))

    def note(self, setting: Setting, text: str) -> None:
        """A note about this machine: of no interest for the profiles that fit many."""
        if not is_built_in(setting.file):
            self.tell(setting, text)

    def tell(self, setting: Setting, text: str) -> None:
        """A note that matters, whoever wrote the profile."""
        self.notes.append(f"{setting}: {text}")
