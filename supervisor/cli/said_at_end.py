"""What is said once the program of `nono run` has ended: its report, and why it may have failed."""

from __future__ import annotations

import os
from collections.abc import Sequence

from nono.broker.settings import flag
from nono.broker.visible import visible
from nono.shims.signals import signal
from nono.supervisor import exit_status
from nono.supervisor.cli.messages import say_afterwards, say_notes

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Any

    from nono.supervisor.cli.counting import Counting
    from nono.supervisor.cli.report_file import ReportFile
    from nono.supervisor.decisions.run_by_people import RunByPeople
    from nono.supervisor.planning.plan import Plan
    from nono.supervisor.session.prepare import Prepared

_MAX_DROPPED = 8


def say_why_it_ended(code: int, values: dict[str, Any]) -> None:
    """The kernel tells nobody of a call that is none of this machine's own."""
    if code == exit_status.of_signal(signal.SIGSYS) and not (values["quiet"] or values["as_json"]):
        own = os.uname().machine
        calls = f"a call that is none of {own}, as 32-bit programs make"
        say_afterwards([f"nono: SIGSYS ended the program, as it ends what makes {calls}"])


def say_what_was_dropped(plan: Plan, values: dict[str, Any]) -> None:
    """A program that failed may have missed a variable, and seldom says which."""
    if values["quiet"] or values["as_json"]:
        return
    # What only a program that failed needs is loaded only then.
    from nono.supervisor.network.upstream_proxy import NO_PROXY, VARIABLES
    from nono.supervisor.planning.network.services import not_passed_on, services_of_keys

    dropped = not_passed_on(plan.environment, plan.services, os.environ)
    keys = services_of_keys(dropped)
    for variable, service in sorted(keys.items()):
        token = f"{flag('network.credentials')} {service} gives the program a token for it"
        say_afterwards([f"nono: {variable} is a key and not passed on: {token}"])
    used = () if plan.upstream_proxy is None else (*VARIABLES, *NO_PROXY)
    dropped = tuple(name for name in dropped if name not in keys and name not in used)
    if not dropped:
        return
    named = ", ".join(map(visible, dropped[:_MAX_DROPPED]))
    more = f" and {len(dropped) - _MAX_DROPPED} more" if len(dropped) > _MAX_DROPPED else ""
    passing = flag("environment.env_allow")
    say_afterwards([f"nono: variables not passed on: {named}{more}; {passing} NAME passes one on"])


def _asked(prepared: Prepared) -> list[dict[str, object]]:
    """What a person was asked, for programs."""
    if prepared.asking is None or not prepared.asking.has_asked:
        return []
    from nono.supervisor.report import asked

    return asked.as_json(prepared.asking.questions.log.all())


def told_of_asking(prepared: Prepared, plan: Plan) -> list[str]:
    """What a person was asked, or that nobody could be."""
    if prepared.asking is None:
        return []
    from nono.supervisor.asking.terminal.inner import has_terminal
    from nono.supervisor.report import asked

    nobody = asked.nobody(plan.ask, has_terminal()) if prepared.asking.had_nobody else []
    if not prepared.asking.has_asked:
        return nobody
    log, limits = prepared.asking.questions.log, prepared.asking.questions.limits
    lines = asked.text(log.all(), log.notes, limits.refused, log.withdrawn)
    return [*lines, *nobody]


def report_run(
    prepared: Prepared,
    plan: Plan,
    faults: Sequence[str],
    status: int | None,
    before: RunByPeople,
    values: dict[str, Any],
    counting: Counting | None = None,
    report: ReportFile | None = None,
) -> None:
    """Say what there is to say of a run whose program has ended."""
    _report_refusals(prepared, plan, faults, status, before, values, counting, report)
    if counting is not None:
        refused = len(prepared.decisions.denials.all())
        counting.tell(refused, in_words=values["stats"] and not values["as_json"])


def _report_refusals(
    prepared: Prepared,
    plan: Plan,
    faults: Sequence[str],
    status: int | None,
    before: RunByPeople,
    values: dict[str, Any],
    counting: Counting | None,
    kept: ReportFile | None,
) -> None:
    if prepared.asking is not None:
        faults = [*faults, *prepared.asking.dispatch.faults.texts]
    changed = before.changed(may_have_written=prepared.may_have_written)
    if not values["quiet"]:
        say_notes(before.notes)
    decisions, credentials = prepared.decisions, prepared.credentials
    usage = None if credentials is None else credentials.issued.usage
    if prepared.audit is not None:
        prepared.audit.close()
    removed = prepared.remove_left_behind()
    words = prepared.words()
    told = (faults, changed, removed, usage, prepared.asking, words, values["as_json"])
    is_recorded = prepared.audit is None or not prepared.audit.stopped
    denials = decisions.denials
    all_found = not (decisions.unresolved or denials.unread or denials.turned_away)
    is_dull = denials.none and all_found and is_recorded and not any(told)
    if is_dull and kept is None:
        return
    # What tells of a run is loaded only where there is something to tell.
    from nono.supervisor.report import run as report

    if values["as_json"] or kept is not None:
        told_of = (changed, removed, plan.workdir, _asked(prepared))
        stats = None if counting is None else counting.plain(len(decisions.denials.all()))
        limits = [each.to_dict() for each in prepared.reached()]
        made = report.as_dict(decisions, faults, usage, prepared.audit, *told_of, stats, limits)
        if kept is not None:
            kept.made = made
        if values["as_json"] and not values["quiet"]:
            import json  # which most starts do without

            say_afterwards([json.dumps(made)])
    if values["as_json"] or is_dull:
        return
    say_afterwards(report.bug(faults))
    how = report.How(verbose=values["verbose"], ended_well=status == exit_status.SUCCESS)
    if not values["quiet"]:
        say_afterwards(
            [
                *told_of_asking(prepared, plan),
                *report.text(decisions, usage, plan.workdir, how),
                *words,
                *report.changed(changed),
                *report.removed(removed),
                *report.audit(prepared.audit),
            ]
        )
