"""`nono mcp`: a sandbox with tools for a client of the Model Context Protocol."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from typing import Any

import click

from nono.broker.settings import flag
from nono.supervisor.audit.writer import AuditOptions
from nono.supervisor.cli.agent_files import NONO
from nono.supervisor.cli.mcp_config import Change, Config
from nono.supervisor.cli.messages import say_notes
from nono.supervisor.cli.options import policy_options
from nono.supervisor.cli.why import explained
from nono.supervisor.errors import UsageError
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import to_options
from nono.supervisor.planning.plan import Plan
from nono.supervisor.streams import inherited_streams

_PORT = 443


@click.group(invoke_without_command=True)
@click.option("--python", metavar="PROGRAM", help="The interpreter of run_python: python3.")
@click.option("--no-audit", is_flag=True, help="Keep no record of what was decided.")
@policy_options
@click.pass_context
def mcp(ctx: click.Context, /, python: str | None, no_audit: bool, **values: Any) -> None:
    """Serve a client of the Model Context Protocol, on stdin and stdout, until it has gone.

    Its tools are run_python, run_command, read_file, write_file and why. What they run and touch is
    in one sandbox, which allows what the options say.

    `nono mcp wrap` is about servers of others.
    """
    if ctx.invoked_subcommand is not None:
        return
    if values["ask"] is not None:
        raise UsageError(f"{flag('ask')}: stdin and stdout are the client's", "nono mcp --help")
    if {0, 1} & {*inherited_streams().closed}:
        raise UsageError("stdin or stdout is closed, where the client is", "nono mcp --help")
    program = shutil.which(python or "python3") or python or sys.executable
    plan = make_plan(to_options(values), [program], also=(program,))
    say_notes(plan.notes)
    from nono.adapters.mcp_tools import serve

    serve(plan, program, lambda asked: _why(plan, asked), None if no_audit else AuditOptions())


_CHOSEN = click.option(
    "--server", "chosen", multiple=True, metavar="NAME", help="This one alone. Repeatable."
)
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Show the change, and write nothing.")
_ABSOLUTE = (
    *("allow", "read", "write", "list", "allow_file", "read_file", "write_file"),
    *("workdir", "deny", "deny_write", "allow_unix_socket"),
)


@mcp.command(context_settings={"allow_interspersed_args": False, "ignore_unknown_options": True})
@_CHOSEN
@_DRY_RUN
@click.argument("config")
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="-- OPTIONS OF NONO RUN")
def wrap(config: str, options: tuple[str, ...], chosen: tuple[str, ...], dry_run: bool) -> None:
    """Start each server in a client's CONFIG by `nono run OPTIONS --`, and show the change.

    CONFIG is the client's JSON. To wrap again changes the options. What CONFIG gives a server in
    `env` is the server's alone from now on, by names such as NONO_GIVES_API_KEY.

    Example: nono mcp wrap .mcp.json -- --profile node-dev --read ~/notes
    """
    options = options[1:] if options[:1] == ("--",) else options
    _check(options)
    found = Config(config)
    _show_and_write(found, found.wrap(_this_command(), options, chosen), dry_run)


@mcp.command()
@_CHOSEN
@_DRY_RUN
@click.argument("config")
def unwrap(config: str, chosen: tuple[str, ...], dry_run: bool) -> None:
    """Let each server in a client's CONFIG start as before `wrap`, and show the change."""
    found = Config(config)
    _show_and_write(found, found.unwrap(chosen), dry_run)


def _check(options: tuple[str, ...]) -> None:
    """Whether `nono run` takes them, wherever a client starts it. Raises UsageError."""
    from nono.supervisor.cli.run import run

    with run.make_context("run", [*options, "--", "server"]) as ctx:
        given = ctx.params
    if given["command"] != ("server",):
        raise UsageError("after CONFIG come options of nono run", "nono run --help")
    if given["allow_cwd"] and given["workdir"] is None:
        why = f"{flag('workdir.access')}: that is wherever the client starts a server"
        raise UsageError(why, "name the directory: --workdir DIR")
    for name in _ABSOLUTE:
        value = given[name] or ()
        for path in [value] if isinstance(value, str) else value:
            if not path.startswith(("/", "~", "**")):
                why = f"{path}: relative to wherever the client starts a server"
                raise UsageError(why, os.path.abspath(path))


def _this_command() -> list[str]:
    """How a client finds nono, whatever its PATH and its working directory are."""
    beside = os.path.join(os.path.dirname(sys.executable), "nono")
    found = beside if os.access(beside, os.X_OK) else shutil.which("nono")
    return [found] if found else [*NONO]


def _show_and_write(config: Config, changes: list[Change], dry_run: bool) -> None:
    for change in changes:
        for line in change.lines():
            click.echo(line)
    if not any(each.is_one for each in changes):
        click.echo("nothing to change")
    elif dry_run:
        click.echo("nothing was written")
    else:
        config.write()
        click.echo(f"wrote {config.path}")


def _why(plan: Plan, asked: Mapping[str, str]) -> str:
    """Raises NonoError."""
    if "host" not in asked:
        return explained(plan, path=asked["path"], op=asked.get("op", "read"))
    host, colon, port = asked["host"].rpartition(":")
    if colon and port.isdecimal() and len(port) < 6 and not host.endswith(":"):
        return explained(plan, host=host.strip("[]"), port=int(port))
    return explained(plan, host=asked["host"], port=_PORT)
