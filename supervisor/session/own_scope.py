"""Where a run with limits needs a control group, and its nono is in none that it may divide."""

from __future__ import annotations

import sys

from nono.broker.limits import Limits


def enter_own_scope(limits: Limits, *, broker: bool) -> None:
    """Begin this program again in a group of its own, if that is how the limits are held here.

    Nothing may have been started before.
    """
    if sys.platform == "darwin" or not limits.of_machine:
        return
    from nono.supervisor.linux.limits.scope import enter_scope

    enter_scope(limits, broker=broker)


def held_by(limits: Limits, *, best_effort: bool) -> list[str]:
    """For people: what would hold the limits of a run here, or why nothing would."""
    if sys.platform == "darwin" or not limits.of_machine:
        return []
    from nono.supervisor.linux.limits.check import foreseen

    return [*foreseen(limits, best_effort=best_effort)]
