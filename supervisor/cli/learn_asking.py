"""`nono learn --ask`: the profile is the sum of what a person allowed while the program ran."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from nono.supervisor import exit_status
from nono.supervisor.cli.messages import say_afterwards, say_notes
from nono.supervisor.places import home_directory
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import to_options

if TYPE_CHECKING:
    from nono.supervisor.cli.output_file import OutputFile

_STDOUT = 1


def learn_by_asking(argv: Sequence[str], values: dict[str, Any], output: OutputFile) -> int:
    """Run the program as `nono run --ask` does; the exit code. Raises NonoError."""
    from nono.supervisor.asking.channels import Channels, named
    from nono.supervisor.asking.opening import place_of
    from nono.supervisor.cli.keep_learned import keep_learned, of_learning
    from nono.supervisor.cli.output_file import OutputFile
    from nono.supervisor.cli.said_at_end import told_of_asking
    from nono.supervisor.cli.supervise import nobody_yet
    from nono.supervisor.decisions.run_by_people import RunByPeople
    from nono.supervisor.learning.answered import profile_of_answers, said_of
    from nono.supervisor.planning.profiles.profile_paths import Variables
    from nono.supervisor.report import learned
    from nono.supervisor.report import run as report
    from nono.supervisor.session import foreground
    from nono.supervisor.session.prepare import prepare
    from nono.supervisor.streams import inherited_streams

    streams = inherited_streams()
    options = to_options(values)
    plan = make_plan(options, argv)
    if not values["quiet"]:
        say_notes(plan.notes)
    with contextlib.ExitStack() as undo:
        undo.callback(output.discard)
        stdout = OutputFile(_STDOUT if values["as_json"] else None)
        channels = Channels(named(plan.ask), tuple(argv), values["profile"] or "")
        home = home_directory(os.environ)
        said = said_of(options, argv, home, plan.workdir)
        before = RunByPeople.of_plan(plan, os.environ)
        prepared = prepare(plan, channels=channels)
        prepared.decisions.opening = before.open
        if not values["quiet"]:
            say_notes([*prepared.notes, *nobody_yet(prepared, plan)])
        faults: list[str] = []
        with contextlib.closing(prepared):
            given = streams.all_to_stderr() if values["as_json"] else streams
            try:
                status = foreground.run(
                    prepared, plan, argv, given, lambda found, status: faults.extend(found)
                )
                code = exit_status.of_program(status)
            except foreground.TimeIsUp:
                code = exit_status.SUCCESS
            policy, around = prepared.decisions.policy, place_of(plan).around
            changed = before.changed(may_have_written=prepared.may_have_written)
            variables = Variables(os.environ, home, plan.workdir)
            learned_profile = profile_of_answers(said, policy, around, variables)
        if prepared.asking is not None:
            faults += prepared.asking.dispatch.faults.texts
        say_afterwards(report.bug(faults))
        if not values["quiet"]:
            say_notes([*before.notes, *learned_profile.notes])
        if not values["quiet"]:
            say_afterwards([*told_of_asking(prepared, plan), *report.changed(changed)])
        text = learned_profile.text
        stdout.check()
        is_saved = keep_learned(output, text, code, values)
        code = of_learning(code, is_saved, values)
        undo.pop_all()
    if is_saved and not values["quiet"]:
        say_afterwards(learned.how_to_use(values["output"], output.path, argv))
    if values["as_json"]:
        click.echo(text, nl=False)
    elif values["output"] is None and not values["quiet"]:
        say_afterwards([text.rstrip()])
    return code
