"""`nono shell`: a person's own shell in a sandbox."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator, Mapping
from typing import Any, Final

import click

from nono.broker import Access, Allow, Open, visible
from nono.broker.requests import NOBODY
from nono.broker.settings import flag
from nono.supervisor.cli.help import PolicyCommand
from nono.supervisor.cli.messages import say
from nono.supervisor.cli.run import run_options
from nono.supervisor.cli.supervise import run_command
from nono.supervisor.errors import UsageError
from nono.supervisor.places import canonical, home_directory
from nono.supervisor.planning.plan import Plan

_NONE: Final = frozenset({"nologin", "false", "true", "sync"})
"""Shells of accounts that nobody logs in to: passwd(5)."""
_USUAL: Final = "/bin/sh"
_START_FILES: Final = {
    "bash": (".bashrc",),
    "zsh": (".zshenv", ".zshrc"),
    "fish": (".config/fish/config.fish",),
    "ksh": (".kshrc",),
}
"""What a shell that talks to a person reads first, below the home."""


@click.command(cls=PolicyCommand, context_settings={"allow_interspersed_args": False})
@run_options
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def shell(ctx: click.Context, /, command: tuple[str, ...], **values: Any) -> None:
    """Start your shell in a sandbox: `exit` leaves it.

    It is $SHELL, or the one of your account.
    """
    if command:
        raise UsageError("a shell takes no command", f"nono run ... -- {' '.join(command)}")
    argv = (own_shell(os.environ),)
    ctx.exit(run_command(argv, values, before=lambda plan: say(_banner(argv[0], plan))))


def own_shell(env: Mapping[str, str]) -> str:
    """$SHELL, else the shell of the account that runs us, where it has one."""
    if given := env.get("SHELL"):
        return given
    try:
        of_account = pwd.getpwuid(os.getuid()).pw_shell
    except KeyError:
        return _USUAL
    return _USUAL if os.path.basename(of_account) in {"", *_NONE} else of_account


def _banner(program: str, plan: Plan) -> Iterator[str]:
    """One line: where one is, how to leave, and which start files are not read."""
    line = f"nono: {visible(program)} in a sandbox: exit or Ctrl-D leaves it"
    home = home_directory(os.environ)
    closed = [
        name
        for name in _START_FILES.get(os.path.basename(program), ())
        if _is_closed(os.path.join(home, name), plan)
    ]
    if closed:
        path = f"~/{closed[0]}"
        lifting = (
            f"{flag('filesystem.bypass_protection')} {path} {flag('filesystem.read_file')} {path}"
        )
        line += f"; {' and '.join(f'~/{name}' for name in closed)} stays unread ({lifting})"
    yield line


def _is_closed(path: str, plan: Plan) -> bool:
    """True for a file that is there and that the program may not read."""
    if not os.path.isfile(path):
        return False
    request = Open(NOBODY, canonical(path), Access.READ)
    return not isinstance(plan.policy.decide(request), Allow)
