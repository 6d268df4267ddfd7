"""`--help`: options under headings, commands under headings, examples at the end."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping

import click

from nono.broker.settings import BY_OPTION
from nono.supervisor.cli.examples import lines
from nono.supervisor.errors import UsageError

_OWN = "Options"
_SECTIONS = {
    "filesystem": "Files and directories",
    "workdir": "Files and directories",
    "environment": "The environment, and what it runs on",
    "groups": "The environment, and what it runs on",
    "preload": "The environment, and what it runs on",
    "network": "The network",
    "limits": "How much of the machine",
    "ask": "People",
}
"""By the section of the profile whose keys the options are."""
_OTHERS = {"profile": "Files and directories", "workdir": "Files and directories"}

ONCE = frozenset({"ask", "profile", "network_profile", "report"})
"""Options of which the last of two would count in silence: a profile may extend several."""
_MAX_SENTENCE = 1000
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "Run programs": ("run", "shell", "learn", "why"),
    "While they run": ("ps", "kill", "status", "grant", "revoke", "watch"),
    "What they may do, and did": ("profile", "trust", "answers", "audit", "credential"),
    "For other programs": ("init", "mcp", "jupyter"),
    "This machine": ("setup", "bench", "warm", "completion", "man"),
}
"""Every command of nono's, under its heading."""


def heading(parameter: click.Parameter) -> str:
    """The heading that an option stands under."""
    name = parameter.name or ""
    if name in _OTHERS:
        return _OTHERS[name]
    key = BY_OPTION.get(name)
    return _OWN if key is None else _SECTIONS[key.name.partition(".")[0]]


def by_heading(command: click.Command, ctx: click.Context) -> dict[str, list[tuple[str, str]]]:
    """Under each heading its options, as they are spelled and what they mean."""
    found: dict[str, list[tuple[str, str]]] = {_OWN: []}
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is not None and isinstance(parameter, click.Option):
            found.setdefault(heading(parameter), []).append(record)
    return found


class WrongValue(click.BadParameter):
    """A value of which is known what may be meant."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def _note_once(
    each: click.Option, word: str, value: str, said: dict[str, str], ctx: click.Context
) -> None:
    """Raises UsageError."""
    name = each.name or ""
    if name in ONCE and said.setdefault(name, value) != value:
        what = f"{word.partition('=')[0]} is given twice, and one would count: "
        hint = f"{ctx.command_path} --help"
        if name == "profile":
            both = json.dumps({"extends": [said[name], value]})
            hint = f"echo {shlex.quote(both)} > both.json"  # which is one profile
        raise UsageError(f"{what}{said[name]}, {value}", hint)


class PolicyCommand(click.Command):
    """A command with the options that say what a program may do.

    A value that is an option of its own, or the `--` before a program, is none that was meant. Of
    two profiles the last would count alone, and what the first refuses be open.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        options = [each for each in self.params if isinstance(each, click.Option)]
        words = {"--", *(word for each in options for word in each.opts if word[:2] == "--")}
        taken, said = iter(args), dict[str, str]()
        for word in taken:
            spelled, is_joined, value = word.partition("=")
            each = next((each for each in options if spelled in each.opts), None)
            if word == "--" or (each is None and word[:1] != "-"):
                break
            if each is not None and is_joined:
                _note_once(each, word, value, said, ctx)
                continue
            if each is None or each.is_flag:
                continue
            if isinstance(each.flag_value, str):  # what it has where no value is given
                _note_once(each, word, each.flag_value, said, ctx)
                continue
            value = next(taken, "")
            if value in words:
                raise click.UsageError(f"{word} wants a value before {value}", ctx)
            _note_once(each, word, value, said, ctx)
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, records in by_heading(self, ctx).items():
            with formatter.section(title):
                formatter.write_dl(records)


def write_commands(
    formatter: click.HelpFormatter, commands: Iterable[tuple[str, click.Command]]
) -> None:
    """The commands of nono's, each with the first sentence about it, however long."""
    known = dict(commands)
    for title, names in COMMANDS.items():
        with formatter.section(title):
            formatter.write_dl(
                [(name, known[name].get_short_help_str(_MAX_SENTENCE)) for name in names]
            )


def with_examples(name: str, command: click.Command) -> click.Command:
    """The command, whose help ends with examples."""
    shown = "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines(name))])
    epilog = command.epilog or ""
    if shown not in epilog and shown.count("\n") > 1:
        command.epilog = f"{epilog}\n\n{shown}" if epilog else shown
    return command
