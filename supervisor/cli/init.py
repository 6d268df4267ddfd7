"""`nono init`: have a coding agent run its commands in sandboxes."""

from __future__ import annotations

import os
import sys

import click

from nono.broker import visible
from nono.supervisor import exit_status
from nono.supervisor.cli.agent_files import AGENTS, Change, answered, changes
from nono.supervisor.cli.messages import say, tell

_USUAL = ("--profile", "agent")
_MAX_BYTES = 1 << 20
_MAX_LINE = 1000
_AFTERWARDS = {
    "claude": "Claude Code starts every shell command, hook and MCP server of its own with it.",
    "codex": "Codex asks once whether it may run this hook: /hooks. Its own sandbox must be off,"
    ' since nono cannot start inside it: sandbox_mode = "danger-full-access" in its config.toml.',
}


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--print", "prints", is_flag=True, help="Print the files, and change nothing.")
@click.option("--undo", is_flag=True, help="Take out what was put in.")
@click.option("--yes", is_flag=True, help="Change the files without a question.")
@click.option("--hook", is_flag=True, hidden=True, help="Answer a question of the agent's.")
@click.argument("agent", metavar="|".join(AGENTS), type=click.Choice(AGENTS))
@click.argument("options", metavar="[-- OPTIONS...]", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def init(
    ctx: click.Context,
    /,
    prints: bool,
    undo: bool,
    yes: bool,
    hook: bool,
    agent: str,
    options: tuple[str, ...],
) -> None:
    """Have the shell commands of a coding agent run in sandboxes: Claude Code's, or Codex's.

    OPTIONS are those of `nono run` for each command; `--profile agent`, if not said. The agent
    itself, and the files that it changes without a command, stay as they are: `nono run --profile
    claude-code -- claude` is a sandbox for all of it. Each change is shown before it is made.
    """
    if hook:
        tell([answered(sys.stdin.buffer.read(_MAX_BYTES), options)])
        return
    made = changes(agent, options or _USUAL, os.environ, undo)
    if prints:
        tell(line for each in made for line in _whole(each))
        return
    wanted = [each for each in made if each.is_one]
    if not wanted:
        tell(["nothing to do"])
        return
    tell(visible(line, limit=_MAX_LINE) for each in wanted for line in each.difference)
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if not yes and not (is_terminal and click.confirm("Make these changes?", default=False)):
        say(["nono: nothing was changed" + ("" if is_terminal else ": --yes makes the changes")])
        ctx.exit(exit_status.NO)
    for each in reversed(wanted) if undo else wanted:
        each.make()
    if not undo:
        tell([_AFTERWARDS[agent]])


def _whole(change: Change) -> list[str]:
    return [f"# {change.path}", *(change.after or "(none)").splitlines(), ""]
