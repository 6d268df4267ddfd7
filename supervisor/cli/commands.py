"""The commands as click knows them. Each is imported when it is named."""

from __future__ import annotations

import importlib
import shlex
import shutil
from typing import Any

import click

from nono.broker.errors import nearest
from nono.broker.settings import flag
from nono.supervisor import exit_status
from nono.supervisor.cli.help import WrongValue, with_examples, write_commands
from nono.supervisor.errors import NonoError

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
    "warm": "nono.supervisor.cli.warm",
    "why": "nono.supervisor.cli.why",
    "profile": "nono.supervisor.cli.profile",
    "trust": "nono.supervisor.cli.trust",
    "init": "nono.supervisor.cli.init",
    "audit": "nono.supervisor.cli.audit",
    "answers": "nono.supervisor.cli.answers",
    "credential": "nono.supervisor.cli.credential",
    "jupyter": "nono.supervisor.cli.jupyter",
    "mcp": "nono.supervisor.cli.mcp",
    "setup": "nono.supervisor.cli.setup",
    "bench": "nono.supervisor.cli.bench",
    "completion": "nono.supervisor.cli.completion",
    "man": "nono.supervisor.cli.man",
}
_VERSION = "--version"
_EXAMPLE = f"nono run {flag('workdir.access')} -- python3 my_script.py"


def _meant(args: list[str]) -> list[str]:
    """What a person meant whose first word is no command: one like it, or a program."""
    if args[0] == "version":
        return [_VERSION]
    if near := nearest(args[0], _COMMANDS):
        return [near, *args[1:]]
    is_program = shutil.which(args[0]) is not None
    return ["run", flag("workdir.access"), "--", *args] if is_program else ["--help"]


class _Commands(click.Group):
    """A group that imports a command's module only when the command is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module: Any = importlib.import_module(_COMMANDS[cmd_name])
        command: click.Command = getattr(module, cmd_name)
        return with_examples(cmd_name, command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        found = ((name, self.get_command(ctx, name)) for name in _COMMANDS)
        write_commands(formatter, ((name, each) for name, each in found if each is not None))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            if args[0] == "help":
                named = [each for each in args[1:2] if each in _COMMANDS]
                raise NonoError("there is no command 'help'", " ".join(["nono", *named, "--help"]))
            raise NonoError(f"there is no command {args[0]!r}", f"nono {shlex.join(_meant(args))}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="nono-sandbox", prog_name="nono")
@click.pass_context
def nono(ctx: click.Context) -> None:
    """Run a program that nobody has to trust, under a sandbox that the kernel enforces."""
    if ctx.invoked_subcommand is None:
        raise NonoError("no command given", _EXAMPLE)


def by_click(arguments: list[str]) -> Any:
    """What a command of the command line returns. Raises NonoError, OSError and SystemExit."""
    try:
        return nono.main(args=arguments, prog_name="nono", standalone_mode=False)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort as abort:
        return exit_status.INTERRUPTED if _was_interrupted(abort) else exit_status.NO_ANSWER
    except NonoError as error:
        if word := _with_one_dash(arguments):
            raise NonoError(f"{word} has one - at its beginning", f"-{word}") from error
        raise
    except WrongValue as error:
        raise NonoError(error.format_message(), error.hint) from error
    except click.NoSuchOption as error:
        own = error.option_name == _VERSION
        near = f"nono {_VERSION}" if own else nearest(error.option_name, error.possibilities or ())
        hint = near or _usage_hint(error, arguments)
        raise NonoError(f"there is no option {error.option_name}", hint) from error
    except click.MissingParameter as error:
        said, hint = _missing(error)
        raise NonoError(said, hint or _usage_hint(error, arguments)) from error
    except click.ClickException as error:
        said = " ".join(error.format_message().split())  # a choice has a line for each
        raise NonoError(said, _usage_hint(error, arguments)) from error


def _missing(error: click.MissingParameter) -> tuple[str, str]:
    """What was not said, how the whole is written; and what lists the runs, where it is one."""
    if error.ctx is None or error.param is None:
        return error.format_message(), ""
    usage = [error.ctx.command_path, *error.ctx.command.collect_usage_pieces(error.ctx)]
    is_run = error.param.name == "run"
    return (
        f"{error.param.human_readable_name} is missing: {' '.join(usage)}",
        "nono ps" if is_run else "",
    )


def _was_interrupted(abort: click.Abort) -> bool:
    """Whether it stands for Ctrl-C, and not for the end of the input: click has one for both."""
    error: BaseException | None = abort
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def _options_of(name: str) -> set[str]:
    """The options of a command, as they are written; none of what is no command."""
    command = nono.get_command(click.Context(nono), name)
    return set() if command is None else {word for each in command.params for word in each.opts}


def _with_one_dash(arguments: list[str]) -> str:
    """The first word that a second dash would make an option; click reads it as short ones."""
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    words = [word for word in own[1:] if word[:1] == "-" and word[1:2] not in ("-", "")]
    known = _options_of(arguments[0]) if words else set()
    return next((word for word in words if f"-{word.partition('=')[0]}" in known), "")


def _usage_hint(error: click.ClickException, arguments: list[str]) -> str:
    """The command whose words they were: `nono profile show`, not `nono profile`."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None and context.command is nono:
        first = arguments[0].partition("=")[0] if arguments else ""
        if first in _options_of("run"):
            return f"nono run {shlex.join(arguments)}"
    if context is not None:
        return f"{context.command_path} --help"
    command = [name for name in arguments[:1] if name in _COMMANDS]
    return " ".join(["nono", *command, "--help"])
