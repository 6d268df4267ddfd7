"""What is told of a plan: in place of a run with --dry-run, and before one with --verbose."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nono.broker.visible import visible
from nono.supervisor import exit_status
from nono.supervisor.cli.messages import say, say_notes, tell
from nono.supervisor.decisions.always import complete
from nono.supervisor.places import platform as here
from nono.supervisor.planning.network.services import not_passed_on
from nono.supervisor.planning.plan import Plan
from nono.supervisor.planning.program.program import find_program
from nono.supervisor.report import plan as report
from nono.supervisor.session.own_scope import held_by

if TYPE_CHECKING:
    from nono.supervisor.session.prepare import Prepared

_MAX_CARVED = 10


def tell_plan(plan: Plan, argv: Sequence[str], values: dict[str, Any]) -> int:
    """What a run would do, and nothing is done; the exit code."""
    made = complete(plan, broker=not values["floor_only"])
    if here() == "macos":
        from nono.supervisor.cli.elsewhere import on_macos

        tell(on_macos(plan, made, argv, as_json=values["as_json"]))
        return exit_status.SUCCESS
    if find_program(argv[0], plan.environment.apply(os.environ), plan.workdir) is None:
        say_notes([f"{argv[0]}: there is no such command here, so a run would not start"])
    if plan.limits is not None and not values["quiet"]:
        say_notes(held_by(plan.limits, best_effort=values["best_effort"]))
    if values["as_json"]:
        tell([report.as_json(plan, made, argv)])
    else:
        command = f"command: {visible(shlex.join(argv), limit=1000)}"
        tell([command, *report.describe(plan, made, verbose=values["verbose"])])
    return exit_status.SUCCESS


def say_what_is_set_up(plan: Plan, prepared: Prepared) -> None:
    """How many rules there are, and what is decided call by call."""
    floor = prepared.decisions.floor
    dropped = not_passed_on(plan.environment, plan.services, os.environ)
    lines = [
        f"nono: {len(plan.policy.rules)} rules; {len(floor.rules)} of the kernel's own",
        f"nono: private TMPDIR {prepared.tmpdir}",
    ]
    found = report.found_by_patterns(plan.policy.rules, floor)
    lines += [f"nono: {line}" for line in found]
    for what, carved in (
        ("decided call by call, since something inside is denied", floor.carved),
        ("changes decided call by call, since writing something inside is denied", floor.unwritten),
    ):
        if carved:
            named = ", ".join(map(visible, sorted(carved)[:_MAX_CARVED]))
            lines.append(f"nono: {what}: {named}")
    if dropped:
        lines.append(f"nono: variables not passed on: {', '.join(map(visible, dropped))}")
    say(lines)
