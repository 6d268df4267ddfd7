"""The command line: `nono COMMAND ...`. Commands are imported when they are used."""

from __future__ import annotations

import importlib
import os
import shlex
import sys
from typing import Any, NoReturn

import click

from nono.broker import visible
from nono.broker.errors import ProfileError, nearest
from nono.broker.settings import flag
from nono.supervisor import exit_status
from nono.supervisor.cli.messages import forget_stdout, say
from nono.supervisor.decisions.own_code import this_process_is_ours
from nono.supervisor.errors import BrokenError, CommandError, NonoError, hint_of

_MAX_PROBLEMS = 20

_COMMANDS = {
    "run": "nono.supervisor.cli.run",
    "shell": "nono.supervisor.cli.shell",
    "learn": "nono.supervisor.cli.learn",
    "ps": "nono.supervisor.cli.ps",
    "kill": "nono.supervisor.cli.ps",
    "status": "nono.supervisor.cli.grant",
    "grant": "nono.supervisor.cli.grant",
    "revoke": "nono.supervisor.cli.grant",
    "watch": "nono.supervisor.cli.watch",
    "why": "nono.supervisor.cli.why",
    "profile": "nono.supervisor.cli.profile",
    "audit": "nono.supervisor.cli.audit",
    "answers": "nono.supervisor.cli.answers",
    "credential": "nono.supervisor.cli.credential",
    "setup": "nono.supervisor.cli.setup",
}
_RUNNING = {"run", "shell", "learn"}
_EXAMPLE = f"nono run {flag('workdir.access')} -- python3 my_script.py"


class _Commands(click.Group):
    """A group that imports a command's module only when the command is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module: Any = importlib.import_module(_COMMANDS[cmd_name])
        command: click.Command = getattr(module, cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            near = nearest(args[0], _COMMANDS)
            meant = [near, *args[1:]] if near else ["run", flag("workdir.access"), "--", *args]
            raise NonoError(f"there is no command {args[0]!r}", f"nono {shlex.join(meant)}")
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, invoke_without_command=True)
@click.version_option(package_name="nono-sandbox", prog_name="nono")
@click.pass_context
def nono(ctx: click.Context) -> None:
    """Run a program that nobody has to trust, under a sandbox that the kernel enforces."""
    if ctx.invoked_subcommand is None:
        raise NonoError("no command given", _EXAMPLE)


def main(arguments: list[str] | None = None) -> NoReturn:
    """The entry point. Ends the process with the exit code."""
    this_process_is_ours()
    arguments = sys.argv[1:] if arguments is None else arguments
    runs = arguments[:1] and arguments[0] in _RUNNING
    sys.exit(_run(arguments, exit_status.NOT_STARTED if runs else exit_status.USAGE))


def _run(arguments: list[str], failure: int) -> int:
    """Run a command; every error becomes one line and a hint, and an exit code."""
    stdout = sys.stdout
    try:
        code = nono.main(args=arguments, prog_name="nono", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.exceptions.Exit as error:
        code = error.exit_code
    except click.Abort:
        code = exit_status.INTERRUPTED
    except NonoError as error:
        code = _complain_of(error, failure)
    except click.ClickException as error:
        code = _complain(error.format_message(), _usage_hint(arguments), failure)
    except OSError as error:
        forget_stdout()
        if _nobody_reads(error, failure):
            return exit_status.SUCCESS
        where = f"{error.filename}: " if error.filename else ""
        code = _complain(f"{where}{error.strerror}", hint_of(error.errno or 0), failure)
    except SystemExit:
        # Click's own, where it finds the same: it puts something in the place of stdout first.
        if sys.stdout is stdout or not _only_tells(arguments):
            raise
        forget_stdout()
        code = exit_status.SUCCESS
    except Exception as error:
        code = _complain(_bug(error), "please report it", failure)
    return code if isinstance(code, int) else exit_status.SUCCESS


def _only_tells(arguments: list[str]) -> bool:
    """False for a command that is to run a program; click's help is told without it."""
    runs = arguments[:1] and arguments[0] in _RUNNING
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return not runs or "--help" in options


def _nobody_reads(error: OSError, failure: int) -> bool:
    """True when a command that only tells something was told that this is enough: `| head`.

    One that runs a program has other pipes, too.
    """
    return isinstance(error, BrokenPipeError) and failure == exit_status.USAGE


def _bug(error: Exception) -> str:
    """What failed and where, for an error that nobody has thought of."""
    import traceback

    innermost = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{os.path.basename(innermost.filename)}:{innermost.lineno}"
    return f"a bug in nono: {type(error).__name__}: {error} ({where})"


def _complain_of(error: NonoError, failure: int) -> int:
    """Say what is wrong, for a profile each of the first problems with it; the exit code."""
    problems = [(error.message, error.hint)]
    if isinstance(error, ProfileError):
        problems = [(str(problem), problem.hint) for problem in error.problems]
    for message, hint in problems[:_MAX_PROBLEMS]:
        _complain(message, hint, failure)
    if len(problems) > _MAX_PROBLEMS:
        say([f"nono: and {len(problems) - _MAX_PROBLEMS} more problems"])
    return error.exit_code if isinstance(error, (CommandError, BrokenError)) else failure


def _complain(message: str, hint: str, code: int) -> int:
    lines = [f"nono: {visible(message, limit=1000)}"]
    if hint:
        lines.append(f"hint: {visible(hint, limit=1000)}")
    say(lines)
    return code


def _usage_hint(arguments: list[str]) -> str:
    command = [name for name in arguments[:1] if name in _COMMANDS]
    return " ".join(["nono", *command, "--help"])


if __name__ == "__main__":
    main()
