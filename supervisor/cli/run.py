"""`nono run`, and the options of what runs as it does."""

from __future__ import annotations

import os
from typing import Any

import click

from nono.broker.settings import flag
from nono.supervisor.cli.help import PolicyCommand
from nono.supervisor.cli.options import platform_option, policy_options, project_option
from nono.supervisor.cli.supervise import run_command
from nono.supervisor.errors import UsageError

_RUN_OPTIONS = (
    click.option("--dry-run", is_flag=True, help="Show the policy and run nothing."),
    platform_option,
    project_option,
    click.option(
        "--best-effort", is_flag=True, help="Run even if this kernel cannot enforce everything."
    ),
    click.option(
        "--floor-only", is_flag=True, help="Run without the broker: inside another sandbox."
    ),
    click.option(
        "--json",
        "as_json",
        is_flag=True,
        help="Print the report as JSON, on stderr; with --dry-run the policy, on stdout.",
    ),
    click.option(
        "--audit",
        multiple=True,
        type=click.Choice(["all", "required"]),
        help="all: record every call. required: refuse what cannot be recorded. Repeatable.",
    ),
    click.option("--no-audit", is_flag=True, help="Keep no record of what was decided."),
    click.option(
        "--stats", is_flag=True, help="Say at the end which calls were stopped, and what that cost."
    ),
    click.option("--stats-file", metavar="FILE", help="Write that to FILE, as JSON."),
    click.option(
        "--report",
        metavar="FILE|FD",
        help="Write the report as JSON to FILE, or to an open descriptor, apart from stderr.",
    ),
    click.option("-v", "--verbose", is_flag=True, help="Say what is set up and what is left out."),
    click.option("-q", "--quiet", is_flag=True, help="Print no report."),
)


def run_options(function: Any) -> Any:
    """Add the options of a run to a click command."""
    for option in reversed(_RUN_OPTIONS):
        function = option(function)
    return policy_options(function)


@click.command(cls=PolicyCommand, context_settings={"allow_interspersed_args": False})
@click.option(
    "-c",
    "string",
    metavar="STRING",
    help="Run STRING by bash, or by sh where there is none; COMMAND is then its $0, $1, ...",
)
@run_options
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def run(ctx: click.Context, /, command: tuple[str, ...], string: str | None, **values: Any) -> None:
    """Run COMMAND in a sandbox.

    It may read the system and its own interpreter, and what the options allow.
    """
    if string is not None:
        # What only such a run needs is loaded only then.
        from nono.supervisor.cli.shell_string import with_shell

        command = with_shell(string, command, os.environ)
    if not command:
        example = f"nono run {flag('workdir.access')} -- python3 my_script.py"
        raise UsageError("no command to run", example)
    ctx.exit(run_command(command, values))
