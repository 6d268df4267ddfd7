"""Running a program as the options of `nono run` say, up to the report at its end."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial

from nono.supervisor import exit_status
from nono.supervisor.cli.loaded_together import apart
from nono.supervisor.cli.messages import say_afterwards, say_notes
from nono.supervisor.cli.said_at_end import report_run, say_what_was_dropped, say_why_it_ended
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
    from nono.supervisor.planning.projects.project_file import Project
    from nono.supervisor.session.prepare import Prepared


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
    if values["report"] is None:
        return _supervise(argv, values, script, before)
    from nono.supervisor.cli.report_file import ReportFile  # seldom needed

    with ReportFile(values["report"], argv) as report:
        return _supervise(argv, values, script, before, report)


def _supervise(
    argv: Sequence[str],
    values: dict[str, Any],
    script: str | None,
    before: Callable[[Plan], None],
    report: ReportFile | None = None,
) -> int:
    """Plan it and run it; the exit code. Where a report is asked for, it is written whatever
    becomes of either."""
    project = _project(argv, values)
    said = [script, sorted(values.items()), project]
    start = start_of(argv, said, os.environ, partial(apart, "policy"))
    plan = _planned(argv, values, script, project, start)
    if not (values["quiet"] or values["as_json"]):
        before(plan)
    return _run(plan, argv, values, start, report)


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

        words = argv if start is None else start.argv
        return make_plan(to_options(values), words, project=project, script=script)

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
    before = RunByPeople.of_plan(plan, os.environ)
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
        say_notes([*prepared.notes, *nobody_yet(prepared, plan)])
    try:
        if values["verbose"]:
            from nono.supervisor.cli.told_of_plan import say_what_is_set_up  # seldom needed

            say_what_is_set_up(plan, prepared)
        status = foreground.run(
            prepared,
            plan,
            argv,
            streams,
            lambda faults, status: report_run(
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
        say_why_it_ended(code, values)
        say_what_was_dropped(plan, values)
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


def nobody_yet(prepared: Prepared, plan: Plan) -> list[str]:
    """At the start: that nobody is there who could be asked."""
    channels = [] if prepared.asking is None else prepared.asking.dispatch.channels
    if not channels or any(each.is_likely for each in channels):
        return []
    from nono.supervisor.asking.channels import AUTOMATIC
    from nono.supervisor.asking.terminal.inner import has_terminal
    from nono.supervisor.report import asked

    return [asked.nobody_yet(plan.ask != AUTOMATIC, has_terminal())]
