"""What a profile gives to a plan."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from nono.broker import Rule
from nono.broker.named_tuple import NamedTuple
from nono.broker.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.broker import Policy
    from nono.broker.credentials.services import Service


class FromProfile(NamedTuple):
    """The parts of a policy, those of the groups included, and the settings for the rest.

    `says_workdir`: it decides about the working directory, with or without a flag. `set` are
    variables of the environment; `notes` are for people. `services` are used by every run; options
    may name those of `own_services`. `written` are the directories that it opens for writing.
    """

    rules: tuple[Rule, ...]
    bypasses: tuple[str, ...] = ()
    settings: Settings = Settings()
    says_workdir: bool = False
    set: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    services: tuple[Service, ...] = ()
    own_services: Mapping[str, Service] = MappingProxyType({})
    written: tuple[str, ...] = ()

    def new_directories(self, home: str, policy: Policy) -> tuple[str, ...]:
        """As the function of this name has it."""
        if not self.written:
            return ()
        # What only a profile that opens directories for writing needs is loaded only then.
        from nono.supervisor.planning.paths.new_directories import new_directories

        return new_directories(self.rules, home, policy)
