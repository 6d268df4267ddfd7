"""`nono learn`: run a program and print the profile that it needs."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from nono.broker.settings import flag
from nono.supervisor import exit_status
from nono.supervisor.cli.help import PolicyCommand
from nono.supervisor.cli.messages import say_afterwards, say_notes
from nono.supervisor.cli.options import policy_options
from nono.supervisor.cli.output_file import OutputFile, instead_of
from nono.supervisor.errors import UsageError
from nono.supervisor.places import home_directory, profile_directory
from nono.supervisor.planning.options import Options, to_options
from nono.supervisor.planning.plan import Plan
from nono.supervisor.session.nested import require_listener

if TYPE_CHECKING:
    from nono.supervisor.decisions.decide import Decisions
    from nono.supervisor.learning.observe import Learner
    from nono.supervisor.learning.profile import Outcome
    from nono.supervisor.learning.rounds import Rounds
    from nono.supervisor.session.prepare import Prepared
    from nono.supervisor.streams import Streams

_STDOUT = 1
_EXAMPLE = f"nono learn {flag('limits.timeout')} 60 -- python3 my_script.py"


@click.command(cls=PolicyCommand, context_settings={"allow_interspersed_args": False})
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print the profile on stdout and nothing else; what the program prints goes to stderr.",
)
@click.option(
    "-o",
    "--output",
    metavar="NAME|FILE",
    help="Save the profile, in your own directory by its NAME or in a new FILE.",
)
@click.option("--force", is_flag=True, help="With --output: replace what is there.")
@click.option("-q", "--quiet", is_flag=True, help="Print no summary.")
@policy_options
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def learn(ctx: click.Context, /, command: tuple[str, ...], **values: Any) -> None:
    """Run COMMAND in a sandbox that watches, and print the profile that it needs.

    It may read everything but what is protected, reach any host, and write in the working directory
    and in caches of the sandbox's own; other options let it do more. With --profile, only what
    that profile lacks is learned. With --ask you are asked as by `nono run --ask`, and the profile
    is what you allow. The exit code is the program's, or 0 when its time was up; instead of 0 it is
    1 when the profile could not be saved.
    """
    if not command:
        raise UsageError("no command to learn from", _EXAMPLE)
    output = values["output"]
    if values["force"] and (output is None or output == values["profile"]):
        raise UsageError(
            "--force is for an --output that is not the --profile which it extends",
            f"nono learn --force -o {output or 'NAME'} -- {shlex.join(command)}",
        )
    if values["ask"] is not None:
        # What only such a run needs is loaded only then.
        from nono.supervisor.cli.learn_asking import learn_by_asking

        ctx.exit(learn_by_asking(command, values, _new_file(output, values["force"])))
    ctx.exit(_learn(command, values))


def _learn(argv: tuple[str, ...], values: dict[str, Any]) -> int:
    from nono.supervisor.cli.keep_learned import has_failed, keep_learned, of_learning
    from nono.supervisor.decisions.run_by_people import RunByPeople
    from nono.supervisor.learning import observe as learning
    from nono.supervisor.learning.profile import ProfileDraft
    from nono.supervisor.report.learned import how_to_use
    from nono.supervisor.report.run import changed
    from nono.supervisor.session.prepare import prepare
    from nono.supervisor.streams import inherited_streams

    require_listener()
    streams = inherited_streams()
    options = to_options(values)
    base = learning.base_plan(options, argv)
    learner = learning.Learner()
    rounds = _rounds(options, argv, learner)
    plan = learning.learning_plan(options, argv, os.environ) if rounds is None else rounds.first()
    if not values["quiet"]:
        say_notes(plan.notes)
    with contextlib.ExitStack() as undo:
        output = _new_file(values["output"], values["force"])
        undo.callback(output.discard)
        stdout = OutputFile(_STDOUT if values["as_json"] else None)
        before = RunByPeople.of_plan(plan, os.environ)
        faults: list[str] = []
        if values["as_json"]:
            # What the program prints must never be taken for the profile.
            streams = streams.all_to_stderr()
        next_plan: Plan | None = plan
        while next_plan is not None:
            plan = next_plan
            prepared = prepare(plan, witness=learner if rounds is None else rounds.witness)
            if not values["quiet"]:
                say_notes(prepared.notes)
            with contextlib.closing(prepared):
                learner.compare_with(base, prepared.tmpdir)
                code = _watch(prepared, plan, argv, streams, faults)
                outcome = ProfileDraft(learner, options, argv, plan, base).outcome(prepared.tmpdir)
            next_plan = None if rounds is None else rounds.another(outcome)
        _tell(learner, outcome, prepared.decisions, argv, faults, values, has_failed(code))
        if not values["quiet"]:
            told = changed(before.changed())
            say_notes(before.notes)
            say_afterwards(told)
        stdout.check()
        is_saved = keep_learned(output, outcome.text, code, values)
        code = of_learning(code, is_saved, values)
        undo.pop_all()
    if is_saved and not values["quiet"]:
        say_afterwards(how_to_use(values["output"], output.path, argv))
    if values["as_json"]:
        click.echo(outcome.text, nl=False)
    return code


def _rounds(options: Options, argv: Sequence[str], learner: Learner) -> Rounds | None:
    """Where what a program is allowed cannot be seen, it runs until it is refused nothing new."""
    if sys.platform != "darwin":
        return None
    from nono.supervisor.learning.rounds import Rounds

    return Rounds(options, argv, learner)


def _watch(
    prepared: Prepared,
    plan: Plan,
    argv: Sequence[str],
    streams: Streams,
    faults: list[str],
) -> int:
    """Run the program; the exit code."""
    from nono.supervisor.session import foreground

    try:
        status = foreground.run(
            prepared, plan, argv, streams, lambda found, status: faults.extend(found)
        )
    except foreground.TimeIsUp:
        return exit_status.SUCCESS
    return exit_status.of_program(status)


def _new_file(name: str | None, force: bool) -> OutputFile:
    """The file to save in, if any, made before the program could make it."""
    if name is None:
        return OutputFile(None)
    from nono.supervisor.planning.profiles.profile_files import new_file, replacement

    directory = profile_directory(os.environ, home_directory(os.environ))
    try:
        if force:
            return OutputFile(*replacement(name, directory))
        return OutputFile(new_file(name, directory)[0])
    except OSError as error:
        why = os.strerror(error.errno or 0)
        where = f"{error.filename}: " if error.filename else ""
        other = instead_of(name, error.errno)
        if error.errno in (errno.EROFS, errno.EACCES) and "/" not in name:
            other = f"--output ./{shlex.quote(name)}.json"
        is_there = error.errno == errno.EEXIST and not os.path.isdir(name)
        hint = "--force replaces it" if is_there else other
        raise UsageError(f"--output {name}: {where}{why}", hint) from None


def _tell(
    learner: Learner,
    outcome: Outcome,
    decisions: Decisions,
    argv: Sequence[str],
    faults: Sequence[str],
    values: dict[str, Any],
    failed: bool,
) -> None:
    from nono.supervisor.report import learned as learn_report
    from nono.supervisor.report import run as report

    say_afterwards(report.bug(faults))
    if values["quiet"]:
        return
    say_afterwards(learn_report.text(learner, outcome, decisions, failed))
    if not values["as_json"] and values["output"] is None:
        directory = profile_directory(os.environ, home_directory(os.environ))
        say_afterwards([outcome.text.rstrip(), *learn_report.how_to_keep(directory, argv, failed)])
