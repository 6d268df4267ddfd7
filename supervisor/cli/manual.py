"""The manual: what `--help` says of each command, as pages of man(1) and as one page of a site."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

import click

from nono.supervisor.cli.examples import lines
from nono.supervisor.cli.help import by_heading
from nono.supervisor.version import VERSION

_EXIT = (
    ("0", "the command did what it is for; of a question: yes"),
    ("1", "of a question: no"),
    ("2", "the command line cannot be meant"),
    ("124", "the time of a run was up"),
    ("125", "nono could not start a run; nothing was run"),
    ("126", "the program cannot be executed"),
    ("127", "there is no such program"),
)
_FILES = (
    ("~/.config/nono/profiles", "profiles of your own, and answers that are kept"),
    (
        "~/.local/state/nono",
        "records of runs, and what was accepted, for no sandbox",
    ),
    ("~/.cache/nono/caches", "caches of sandboxes"),
)


def commands(nono: click.Command, name: str = "nono") -> Iterator[tuple[str, click.Command]]:
    """A command and all that it holds, by their whole names such as `nono audit show`."""
    yield name, nono
    if isinstance(nono, click.Group):
        ctx = click.Context(nono, info_name=name, resilient_parsing=True)
        for each in nono.list_commands(ctx):
            found = nono.get_command(ctx, each)
            if found is not None and not found.hidden:
                yield from commands(found, f"{name} {each}")


def roff(name: str, command: click.Command, day: str, others: list[str]) -> str:
    """A page in man(7). `day` is as in ISO 8601; `others` are the names of the other pages."""
    text = list(_roff(name, command, day, others))
    return "\n".join(text) + "\n"


def _roff(name: str, command: click.Command, day: str, others: list[str]) -> Iterator[str]:
    page, ctx = name.replace(" ", "-"), _context(name, command)
    yield f'.TH {page.upper()} 1 {day} "nono {VERSION}" "User Commands"'
    yield ".SH NAME"
    yield f"{_plain(page)} \\- {_plain(_first_sentence(command))}"
    yield ".SH SYNOPSIS"
    yield f".B {_plain(name)}"
    yield _plain(" ".join(command.collect_usage_pieces(ctx)))
    yield ".SH DESCRIPTION"
    yield from _paragraphs(command.help or "")
    for title, options in by_heading(command, ctx).items():
        yield f".SH {title.upper()}"
        for spelled, meaning in options:
            yield ".TP"
            yield f".B {_plain(spelled)}"
            yield _plain(meaning) or "\\&"
    if isinstance(command, click.Group):
        yield ".SH COMMANDS"
        for each in command.list_commands(ctx):
            found = command.get_command(ctx, each)
            if found is not None:
                yield ".TP"
                yield f".B {_plain(each)}"
                yield _plain(_first_sentence(found))
    yield from _examples_in_roff(name)
    yield ".SH EXIT STATUS"
    for status, meaning in _EXIT:
        yield from (".TP", f".B {status}", _plain(meaning))
    yield ".SH FILES"
    for path, meaning in _FILES:
        yield from (".TP", f".I {_plain(path)}", _plain(meaning))
    yield ".SH SEE ALSO"
    yield " ,\n".join(f".BR {_plain(each.replace(' ', '-'))} (1)" for each in others)


def _examples_in_roff(name: str) -> Iterator[str]:
    shown = list(lines(name.removeprefix("nono ")))
    if shown:
        yield from (".SH EXAMPLES", ".nf", ".RS 4", *map(_plain, shown), ".RE", ".fi")


def _plain(text: str) -> str:
    """Text that roff takes as it is: groff_char(7), and no line that begins a request."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("~", "\\(ti")
    escaped = escaped.replace("^", "\\(ha").replace("`", "\\(ga").replace("'", "\\(aq")
    return re.sub(r"^(\.)", r"\\&\1", escaped, flags=re.M)


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(_parts(text)):
        if number:
            yield ".PP"
        yield _plain(paragraph)


def _parts(text: str) -> list[str]:
    """The paragraphs of a docstring, each on one line."""
    return [" ".join(part.split()) for part in text.replace("\b", "").split("\n\n") if part.split()]


def _first_sentence(command: click.Command) -> str:
    first = next(iter(_parts(command.help or "")), "")
    return re.split(r"(?<=\w)[.:](?: |$)", first, maxsplit=1)[0]


def _context(name: str, command: click.Command) -> click.Context:
    return click.Context(
        command, info_name=name, resilient_parsing=True, help_option_names=["-h", "--help"]
    )


def markdown(nono: click.Command) -> str:
    """Every command on one page of a site."""
    return "\n".join(_markdown(nono)) + "\n"


def _markdown(nono: click.Command) -> Iterator[str]:
    yield "# Commands"
    yield ""
    yield "What `--help` says, and the pages of man(1)."
    for name, command in commands(nono):
        ctx = _context(name, command)
        yield from ("", f"## `{name}`", "")
        yield "    " + " ".join([name, *command.collect_usage_pieces(ctx)])
        for part in _parts(command.help or ""):
            yield from ("", textwrap.fill(_not_markup(part), 100))
        for title, options in by_heading(command, ctx).items():
            yield from ("", f"**{title}**", "", "| option | meaning |", "| --- | --- |")
            for spelled, meaning in options:
                yield f"| `{spelled.replace('|', chr(92) + '|')}` | {_not_markup(meaning)} |"
        shown = list(lines(name.removeprefix("nono ")))
        if shown:
            yield from ("", *(f"    {line}" for line in shown))


def _not_markup(text: str) -> str:
    return re.sub(r"([<>*_|\[\]])", r"\\\1", text)
