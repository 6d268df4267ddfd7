"""Running a program as the options of `nono run` say, up to the report at its end."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from functools import partial

from nono.broker.settings import flag
from nono.broker.visible import visible
from nono.supervisor import exit_status
from nono.supervisor.cli.loaded_together import apart
from nono.supervisor.cli.messages import say_afterwards, say_notes
from nono.supervisor.errors import UsageError
from nono.supervisor.places import home_directory, planned_for
from nono.supervisor.places import platform as here
from nono.supervisor.planning.paths.workdir import (
    may_be_script,
    may_bring_profile,
    working_directory,
)
from nono.supervisor.planning.plan import Plan
from nono.supervisor.planning.profiles.answers_file import answers_file
from nono.supervisor.planning.profiles.answers_of_run import note_use
from nono.supervisor.session.kept_start import Start, start_of
from nono.supervisor.session.nested import require_listener

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Any

    from nono.supervisor.asking.channels import Channels
    from nono.supervisor.audit.writer import AuditOptions
    from nono.supervisor.cli.counting import Counting
    from nono.supervisor.cli.report_file import ReportFile
    from nono.supervisor.decisions.run_by_people import RunByPeople
    from nono.supervisor.planning.projects.project_file import Project
    from nono.supervisor.session.prepare import Prepared

_MAX_DROPPED = 8


def run_command(
    argv: Sequence[str],
    values: dict[str, Any],
    before: Callable[[Plan], None] = lambda plan: None,
) -> int:
    """Run a program with the values of `run.run_options`; the exit code.

    `before` is called when it is planned and about to start, unless nothing is to be said.
    Raises NonoError.
    """
    platform = values["platform"] or here()
    script = None
    if may_be_script(argv):
        from nono.supervisor.planning.program.scripts import with_interpreter  # seldom needed

        argv, script = with_interpreter(argv, values["workdir"] or "", os.environ)
    if values["dry_run"]:
        with planned_for(platform):
            from nono.supervisor.cli.told_of_plan import tell_plan  # seldom needed

            project = _project(argv, values)
            return tell_plan(_planned(argv, values, script, project), argv, values)
    if platform != here():
        from nono.supervisor.cli.elsewhere import require_this

        require_this(platform)
    if not values["floor_only"]:
        require_listener()
    project = _project(argv, values)
    said = [argv, script, sorted(values.items()), project]
    start = start_of(said, os.environ, partial(apart, "policy"))
    plan = _planned(argv, values, script, project, start)
    if not (values["quiet"] or values["as_json"]):
        before(plan)
    return _supervise(plan, argv, values, start)


def _planned(
    argv: Sequence[str],
    values: dict[str, Any],
    script: str | None,
    project: Project | None,
    start: Start | None = None,
) -> Plan:
    """The plan, once its notes were said."""

    def make() -> Plan:
        # What only a plan that is made needs is loaded only then.
        from nono.supervisor.planning.make_plan import make_plan
        from nono.supervisor.planning.options import to_options

        return make_plan(to_options(values), argv, project=project, script=script)

    plan = make() if start is None else start.plan(make)
    if plan.limits is not None and not values["dry_run"]:
        from nono.supervisor.session.own_scope import enter_own_scope  # seldom needed

        enter_own_scope(plan.limits, broker=not values["floor_only"])
    if not values["quiet"]:
        say_notes(plan.notes)
        if values["floor_only"]:
            from nono.supervisor.cli import without_broker  # seldom needed

            say_notes([*without_broker.notes(plan)])
    return plan


def _project(argv: Sequence[str], values: dict[str, Any]) -> Project | None:
    """What stands for the profile, where none is named. Raises UsageError."""
    if values["no_project"] or values["profile"] is not None:
        return None
    workdir = working_directory(values["workdir"], home_directory(os.environ))
    if not may_bring_profile(argv, workdir, os.environ):
        return None
    # What only such a run needs is loaded only then.
    from nono.supervisor.cli.project import accepted_project

    return accepted_project(argv, workdir)


def _supervise(plan: Plan, argv: Sequence[str], values: dict[str, Any], start: Start | None) -> int:
    """Run it, and write the report where one is asked for, whatever becomes of the run."""
    if values["report"] is None:
        return _run(plan, argv, values, start)
    from nono.supervisor.cli.report_file import ReportFile  # seldom needed

    with ReportFile(values["report"], argv) as report:
        return _run(plan, argv, values, start, report)


def _run(
    plan: Plan,
    argv: Sequence[str],
    values: dict[str, Any],
    start: Start | None,
    report: ReportFile | None = None,
) -> int:
    """Start the program first and import the rest while it already runs."""
    from nono.supervisor.decisions.run_by_people import RunByPeople
    from nono.supervisor.session import foreground
    from nono.supervisor.session.prepare import prepare
    from nono.supervisor.streams import inherited_streams

    audit, counting = _audit_options(values), _counting(values)
    before = RunByPeople(plan.policy.rules, plan.repositories, plan.kept, os.environ)
    streams = inherited_streams()
    note_use(values["profile"], os.environ, home_directory(os.environ), plan.workdir)
    prepared = prepare(
        plan,
        best_effort=values["best_effort"],
        broker=not values["floor_only"],
        audit=audit,
        channels=_channels(plan, argv, values),
        tally=None if counting is None else counting.tally,
        start=start,
    )
    prepared.decisions.opening = before.open
    if not values["quiet"]:
        say_notes([*prepared.notes, *_nobody_yet(prepared, plan)])
    try:
        if values["verbose"]:
            from nono.supervisor.cli.told_of_plan import say_what_is_set_up  # seldom needed

            say_what_is_set_up(plan, prepared)
        status = foreground.run(
            prepared,
            plan,
            argv,
            streams,
            lambda faults, status: _report(
                prepared, plan, faults, status, before, values, counting, report
            ),
        )
    except foreground.TimeIsUp:
        if report is not None:
            report.note_timeout(plan)
        up = 0.0 if plan.limits is None else plan.limits.timeout or 0.0
        say_afterwards([f"nono: the time of {up:g} s was up: everything was killed"])
        return exit_status.TIME_IS_UP
    finally:
        prepared.close()
    if start is not None:
        start.keep()
    if report is not None:
        report.status = status
    code = exit_status.of_program(status)
    if code != exit_status.SUCCESS:
        _say_why_it_ended(code, values)
        _say_what_was_dropped(plan, values)
    return code


def _channels(plan: Plan, argv: Sequence[str], values: dict[str, Any]) -> Channels | None:
    """Who is asked; None where nobody is. Raises UsageError."""
    if not plan.ask:
        return None
    # What only a run that may ask needs is loaded only then.
    from nono.supervisor.asking.channels import Channels, named

    home = home_directory(os.environ)
    kept_in = answers_file(values["profile"], os.environ, home, plan.workdir)
    return Channels(named(plan.ask), tuple(argv), values["profile"] or "", kept_in)


def _audit_options(values: dict[str, Any]) -> AuditOptions | None:
    """None for a run without an audit."""
    kinds = values["audit"]
    for option in ("no_audit", "floor_only"):
        if kinds and values[option]:
            name = "--" + option.replace("_", "-")
            raise UsageError(f"--audit={kinds[0]} and {name} contradict each other", f"drop {name}")
    if values["no_audit"]:
        return None
    from nono.supervisor.audit.writer import AuditOptions

    return AuditOptions(every_call="all" in kinds, required="required" in kinds)


def _counting(values: dict[str, Any]) -> Counting | None:
    """None for a run that counts nothing."""
    if not values["stats"] and values["stats_file"] is None:
        return None
    if values["floor_only"]:
        raise UsageError("without the broker there is nothing to count", "drop --floor-only")
    from nono.supervisor.cli.counting import Counting

    return Counting(values["stats_file"])


def _say_why_it_ended(code: int, values: dict[str, Any]) -> None:
    """The kernel tells nobody of a call that is none of this machine's own."""
    if code == exit_status.of_signal(signal.SIGSYS) and not (values["quiet"] or values["as_json"]):
        own = os.uname().machine
        calls = f"a call that is none of {own}, as 32-bit programs make"
        say_afterwards([f"nono: SIGSYS ended the program, as it ends what makes {calls}"])


def _say_what_was_dropped(plan: Plan, values: dict[str, Any]) -> None:
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


def _nobody_yet(prepared: Prepared, plan: Plan) -> list[str]:
    """At the start: that nobody is there who could be asked."""
    channels = [] if prepared.asking is None else prepared.asking.dispatch.channels
    if not channels or any(each.is_likely for each in channels):
        return []
    from nono.supervisor.asking.channels import AUTOMATIC
    from nono.supervisor.asking.terminal.inner import has_terminal
    from nono.supervisor.report import asked

    return [asked.nobody_yet(plan.ask != AUTOMATIC, has_terminal())]


def _told_of_asking(prepared: Prepared, plan: Plan) -> list[str]:
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


def _report(
    prepared: Prepared,
    plan: Plan,
    faults: Sequence[str],
    status: int | None,
    before: RunByPeople,
    values: dict[str, Any],
    counting: Counting | None = None,
    report: ReportFile | None = None,
) -> None:
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
                *_told_of_asking(prepared, plan),
                *report.text(decisions, usage, plan.workdir, how),
                *words,
                *report.changed(changed),
                *report.removed(removed),
                *report.audit(prepared.audit),
            ]
        )
