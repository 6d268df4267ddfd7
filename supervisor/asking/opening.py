"""Who is asked in a run, made before its program starts."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from nono.broker.rules.paths import is_within
from nono.supervisor.asking.asking import Asking
from nono.supervisor.asking.channel import Run
from nono.supervisor.asking.dispatch import Dispatch
from nono.supervisor.asking.granting.live import Live
from nono.supervisor.faults import Faults
from nono.supervisor.places import home_directory

if TYPE_CHECKING:
    from nono.broker.asking.surroundings import Place
    from nono.supervisor.asking.channels import Channels
    from nono.supervisor.audit.writer import Audit
    from nono.supervisor.decisions.decide import Decisions
    from nono.supervisor.decisions.opened_later import OpenedLater
    from nono.supervisor.planning.plan import Plan


def open_asking(
    plan: Plan, decisions: Decisions, channels: Channels, audit: Audit | None, name: str
) -> Asking:
    """Make the channels of a run of this name. Raises UsageError for one that there cannot be."""
    dispatch = Dispatch([], Faults())

    def later() -> OpenedLater:
        # What only an answer needs is loaded only then.
        from nono.supervisor.decisions.opened_later import OpenedLater

        return OpenedLater(plan, decisions, os.environ)

    place = partial(place_of, plan, channels.kept_in)
    asking = Asking(decisions, dispatch, place, audit, later, name)
    live = Live(asking, plan.workdir)
    session = "" if audit is None else audit.name
    run = Run(name, channels.argv, plan.workdir, channels.profile, session, live)
    dispatch.channels += channels.open(run)
    return asking


def place_of(plan: Plan, kept_in: str = "") -> Place:
    """Where a run of the plan asks from."""
    # What only a question needs is loaded only then.
    from nono.broker.asking.surroundings import Place
    from nono.broker.learning.generalise import Surroundings
    from nono.supervisor.asking.waiting.look import RealLook
    from nono.supervisor.learning.observe import protected_paths, stores
    from nono.supervisor.learning.own_state import containers, kept_names

    home = home_directory(os.environ)
    around = Surroundings(
        home,
        None if is_within(home, plan.workdir) else plan.workdir,
        stores(os.environ, home),
        protected_paths(plan.policy),
        containers(os.environ, home),
        kept_names(plan.policy.rules),
    )
    return Place(around, RealLook(), kept_in)
