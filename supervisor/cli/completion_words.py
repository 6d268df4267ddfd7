"""What may stand where the cursor is, for the scripts of `nono completion`.

An answer is a line: what it is, a tab, a word, a tab, and what the word means. `path` and
`directory` leave the words to the shell, as does `command`, whose word says how many words of
another command line come before the cursor.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence

import click
from click.shell_completion import CompletionItem, ShellComplete

from nono.broker import groups, visible
from nono.supervisor.errors import NonoError

_PLAIN, _PATH, _DIRECTORY, _COMMAND = "plain", "path", "directory", "command"
_MAX_HELP = 100
_MAX_WORD = 4096

Words = Iterator[tuple[str, str]]
"""Words, each with its meaning."""


def answers(nono: click.Command, before: Sequence[str], current: str) -> Iterator[str]:
    """One line for each word that may stand in the place of `current`, after nono's name."""
    try:
        words = _joined(before)
        _name_the_kinds(nono, words)
        found = ShellComplete(nono, {}, "nono", "").get_completions(words, current)
    except (NonoError, OSError, click.ClickException):
        return
    for item in found:
        word = str(item.value)
        if word.isprintable() and len(word) <= _MAX_WORD:
            # The text of a profile of somebody's may be in it.
            meaning = visible(item.help or "", limit=_MAX_HELP)
            yield f"{item.type}\t{word}\t{meaning}"


def _joined(words: Sequence[str]) -> list[str]:
    """The words as they were typed: bash makes three of `--profile=python-dev`."""
    joined: list[str] = []
    waits = False
    for word in words:
        if waits:
            joined[-1] += f"={word}"
        elif word != "=":
            joined.append(word)
        waits = word == "=" and joined[-1:] != [] and joined[-1].startswith("--")
    return joined


class _Kind(click.types.StringParamType):
    """What a shell or a list of ours knows the words of."""

    name = "text"

    def __init__(self, shells: str = "", words: Callable[[], Words] | None = None) -> None:
        self._shells = shells
        self._words = words

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        found = [] if self._words is None else self._words()
        items = [
            CompletionItem(word, _PLAIN, help=meaning)
            for word, meaning in found
            if word.startswith(incomplete)
        ]
        return [*items, CompletionItem("", self._shells)] if self._shells else items


class _OtherCommand(click.types.StringParamType):
    """A command line of another program's."""

    name = "command"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        given = ctx.params.get(param.name or "") or ()
        return [CompletionItem(str(len(given)), _COMMAND)]


def _profiles() -> Words:
    from nono.supervisor.cli.profile import listed

    for name, place, words in listed():
        yield name, words or place


def _runs() -> Words:
    from nono.supervisor.asking.control.listening import run_of, sockets

    return ((run_of(path), "") for path in sockets(os.environ))


def _sessions() -> Words:
    from nono.supervisor.audit.sessions import find_sessions

    yield "last", "the last one that has ended"
    for path in find_sessions(os.environ):
        yield os.path.basename(path), ""


def _groups() -> Words:
    return ((name, each.description) for name, each in groups().items())


def _network_profiles() -> Words:
    from nono.broker.network.host_groups import network_profiles

    return ((name, "") for name in network_profiles())


def _services() -> Words:
    from nono.broker.credentials.services import built_in_services

    return ((name, "") for name in built_in_services())


_BY_METAVAR: Mapping[str, _Kind] = {
    "PATH": _Kind(_PATH),
    "[PATH|HOST]": _Kind(_PATH),
    "DIR": _Kind(_DIRECTORY),
    "DIRECTORY": _Kind(_DIRECTORY),
    "FILE": _Kind(_PATH),
    "[FILE]": _Kind(_PATH),
    "FILE|FD": _Kind(_PATH),
    "FILE.json": _Kind(_PATH),
    "OLD.json": _Kind(_PATH),
    "NAME|FILE": _Kind(_PATH, _profiles),
    "PROFILE": _Kind(_PATH, _profiles),
    "PROFILE...": _Kind(_PATH, _profiles),
    "A": _Kind(_PATH, _profiles),
    "B": _Kind(_PATH, _profiles),
    "GROUP": _Kind("", _groups),
    "SESSION": _Kind("", _sessions),
    "SERVICE[=PLACE]": _Kind("", _services),
    "COMMAND": _Kind(_PATH),
}
_BY_NAME: Mapping[str, click.types.StringParamType] = {
    "run": _Kind("", _runs),
    "network_profile": _Kind("", _network_profiles),
    "command": _OtherCommand(),
}
"""By the name of a parameter that says more than its metavar."""


def _name_the_kinds(command: click.Command, words: Sequence[str]) -> None:
    """Tell click what the parameters of the command are that the words name, for this answer."""
    ctx = click.Context(command, info_name="nono", resilient_parsing=True)
    for word in words:
        if isinstance(command, click.Group):
            command = command.get_command(ctx, word) or command
    for param in command.params:
        known = _BY_METAVAR.get(param.metavar or "") or _BY_NAME.get(param.name or "")
        if known is not None and not isinstance(param.type, click.Choice):
            param.type = known
