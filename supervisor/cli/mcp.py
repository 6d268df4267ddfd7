"""`nono mcp`: a sandbox with tools for a client of the Model Context Protocol."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from typing import Any

import click

from nono.broker.settings import flag
from nono.supervisor.audit.writer import AuditOptions
from nono.supervisor.cli.messages import say_notes
from nono.supervisor.cli.options import policy_options
from nono.supervisor.cli.why import explained
from nono.supervisor.errors import UsageError
from nono.supervisor.planning.options import to_options
from nono.supervisor.planning.plan import Plan, make_plan

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
    program = shutil.which(python or "python3") or python or sys.executable
    plan = make_plan(to_options(values), [program], also=(program,))
    say_notes(plan.notes)
    from nono.adapters.mcp_tools import serve

    serve(plan, program, lambda asked: _why(plan, asked), None if no_audit else AuditOptions())


def _why(plan: Plan, asked: Mapping[str, str]) -> str:
    """Raises NonoError."""
    if "host" not in asked:
        return explained(plan, path=asked["path"], op=asked.get("op", "read"))
    host, colon, port = asked["host"].rpartition(":")
    if colon and port.isdecimal() and len(port) < 6 and not host.endswith(":"):
        return explained(plan, host=host.strip("[]"), port=int(port))
    return explained(plan, host=asked["host"], port=_PORT)
