"""What a profile gives to a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nono.broker import Rule

if TYPE_CHECKING:
    from nono.broker.credentials.services import Service


@dataclass(frozen=True, slots=True)
class ProfileNetwork:
    """Rules on what may be connected to and listened on; `blocked`, if any, refuses everything.

    `is_said`: the profile speaks of the network, so that only what the rules name is reached.
    """

    rules: tuple[Rule, ...] = ()
    listen: tuple[Rule, ...] = ()
    blocked: Rule | None = None
    is_said: bool = False

    def __bool__(self) -> bool:
        return self.is_said


@dataclass(frozen=True, slots=True)
class FromProfile:
    """The parts of a policy, those of the groups included.

    `says_workdir`: it decides about the working directory, with or without a flag. `only`, `deny`
    and `set` are the environment's; `notes` are for people. `services` are used by every run;
    options may name those of `own_services`.
    """

    rules: tuple[Rule, ...]
    bypasses: tuple[str, ...] = ()
    network: ProfileNetwork = field(default_factory=ProfileNetwork)
    says_workdir: bool = False
    only: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    set: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    services: tuple[Service, ...] = ()
    own_services: Mapping[str, Service] = field(default_factory=dict)
