"""What a run is planned to be: its policy, and what that was made for."""

from __future__ import annotations

from collections.abc import Mapping

from nono.broker import Environment, Policy, Rule
from nono.broker.dataclass import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.broker.credentials.services import Service
    from nono.broker.limits import Limits
    from nono.supervisor.network.upstream_proxy import UpstreamProxy
    from nono.supervisor.planning.git.repositories import Repository
    from nono.supervisor.planning.paths.own_caches import OwnCaches


@dataclass(frozen=True, slots=True)
class Plan:
    """A policy, and the circumstances it was made for.

    `nameservers` are asked for the names of hosts, instead of the machine's own. `notes` are what a
    person should know about the profile. `anywhere` are the refusals by a pattern that holds in
    whatever is opened; the policy has them for what is opened here. `services` are those whose real
    keys are added to requests. `copies` are files of the machine's whose credentials the program
    does not get, by canonical path, with what it gets instead. `caches` is where the program's
    tools keep what they fetch; the directory is made when a run starts. `repositories` are those
    whose hooks and configuration the program may not write, None where nobody looked;
    `in_work_trees` is what the person's git runs in each (`git_settings`), as well. `to_make` are
    directories that a flag names, `new_directories` those that the profile opens for writing: they
    are made at the start. `upstream_proxy` is what allowed hosts are reached through. `ask` names
    the channel that asks a person about what no rule decides; empty for nobody. `preload` lets
    programs load nono's library for opens. With `by_proxy` hosts are reached by nono's own proxy
    alone, which programs have to use. `limits` bound what all of it uses.
    """

    policy: Policy
    environment: Environment
    workdir: str
    nameservers: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()
    anywhere: tuple[Rule, ...] = ()
    services: tuple[Service, ...] = ()
    copies: tuple[tuple[str, bytes], ...] = ()
    caches: OwnCaches | None = None
    repositories: tuple[Repository, ...] | None = None
    new_directories: tuple[str, ...] = ()
    to_make: tuple[str, ...] = ()
    upstream_proxy: UpstreamProxy | None = None
    ask: str = ""
    preload: bool = False
    by_proxy: bool = False
    limits: Limits | None = None
    in_work_trees: Mapping[str, bool] | None = None

    @property
    def kept(self) -> tuple[str, ...]:
        """What of the run's own is there in the next one, too."""
        return () if self.caches is None else (self.caches.directory,)
