"""The machine's configuration of pip, npm, git and their like: what it names, and its credentials.

The tools are a table (data/configurations.json). Their formats are read line by line, well enough
to find what they have in common: sections, keys, values, continued lines. What is misread names
nothing or is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import MappingProxyType

from nono.broker.datafile import data
from nono.broker.named_tuple import NamedTuple

MAX_BYTES = 64 * 1024
"""The most that is read of a configuration."""

_MAX_WORDS = 32
_LISTS = frozenset({"directory", "requirements"})


class Tool(NamedTuple):
    """A program, where its system-wide configuration is, and how that is read.

    `names` are the keys whose values name files, each with the kind: `certificate`, `file`,
    `directory`, `requirements`, or `configuration` of the same tool. `secret` are keys that are
    credentials besides those whose names say so. With `relative` a path may be relative to the
    file. `continued` says how a value goes on in the next line: 'indent', 'backslash', 'xml'
    for what has no lines, or not at all.
    """

    name: str
    places: tuple[str, ...] = ()
    delimiters: str = "="
    continued: str = ""
    relative: bool = False
    names: Mapping[str, str] = MappingProxyType({})
    secret: frozenset[str] = frozenset()


class Named(NamedTuple):
    """A file or directory that a configuration names under `key`."""

    key: str
    kind: str
    path: str


class Line(NamedTuple):
    """A line of a configuration: the setting that it is part of, and what it says of it."""

    text: str
    section: str = ""
    key: str = ""
    value: str = ""
    goes_on: bool = False
    """It continues the line before."""
    comment: bool = False

    def among(self, keys: Mapping[str, str] | frozenset[str]) -> str | None:
        """The name that the line's key has in `keys`, alone or with its section."""
        return next((k for k in (f"{self.section}.{self.key}", self.key) if k in keys), None)


@cache
def tools() -> Mapping[str, Tool]:
    """All tools by name."""
    return MappingProxyType(
        {name: _tool(name, **entry) for name, entry in data("configurations")["tools"].items()}
    )


def _tool(name: str, places: list[str], secret: tuple[str, ...] = (), **rest: object) -> Tool:
    return Tool(name, tuple(places), secret=frozenset(secret), **rest)  # type: ignore[arg-type]


def variables() -> Mapping[str, str]:
    """Environment variables that name files, each with the kind or with the tool it configures."""
    found: Mapping[str, str] = data("configurations")["variables"]
    return found


def named(tool: Tool, text: str) -> tuple[Named, ...]:
    """What the configuration names, in its order. Never raises."""
    if not mentions(text, tool.names):
        return ()
    return tuple(
        Named(line.key, tool.names[key], word)
        for line in lines(tool, text)
        if not line.comment and (key := line.among(tool.names)) is not None
        for word in words(tool.names[key], line.value)
    )


def mentions(text: str, keys: Iterable[str]) -> bool:
    """False when no setting of the text can have one of the keys, which is soon said of most."""
    folded = text.lower().replace("_", "-")
    return any(key.rpartition(".")[2] in folded for key in keys)


def words(kind: str, value: str) -> list[str]:
    """The paths in a value: several for the kinds that are lists, else at most one."""
    if kind not in _LISTS:
        one = value.strip()
        if one[:1] in ('"', "'"):
            one = one[1:].split(one[0], 1)[0]
        else:
            one = one.split(" #", 1)[0].split(" ;", 1)[0].strip()
        return [one] if one else []
    for separator in ",[]\"'|":
        value = value.replace(separator, " ")
    return value.split()[:_MAX_WORDS]


def lines(tool: Tool, text: str) -> Iterator[Line]:
    """Every line of `text`, split at newlines only."""
    section = key = ""
    indent = 0
    open_end = False
    for line in text.split("\n"):
        bare = line.strip()
        deeper = tool.continued == "indent" and len(line) - len(line.lstrip()) > indent
        goes_on = bool(key) and (open_end or (deeper and bool(bare)))
        if not goes_on and bare[:1] in ("#", ";"):
            yield Line(line, comment=True)
            continue
        value = bare
        if not goes_on:
            if bare.startswith("["):
                section, bare = _header(bare)
                key = ""
            if bare:
                indent = len(line) - len(line.lstrip())
                key, value = _setting(tool, bare)
        yield Line(line, section, key if bare else "", value.removesuffix("\\"), goes_on)
        open_end = tool.continued == "backslash" and line.endswith("\\")


def _header(bare: str) -> tuple[str, str]:
    """The first word of a section's header in lower case, and what follows the header."""
    inside, end, rest = bare.lstrip("[").partition("]")
    # A quoted name may hold brackets, as the address in [http "https://[::1]/"] does.
    while end and inside.count('"') % 2:
        more, end, rest = rest.partition("]")
        inside += end + more
    name = inside.split('"', 1)[0].split()
    return (name[0].lower() if name else ""), rest.lstrip("] \t")


def _setting(tool: Tool, bare: str) -> tuple[str, str]:
    """The key, in lower case and with `-` for `_`, and the value."""
    bare = bare.removeprefix("export ")
    found = [at for d in tool.delimiters if (at := bare.find(d, 1)) > 0]
    end = min(found, default=len(bare))
    key = bare[:end].strip().strip("\"':").removesuffix("[]").lower()
    return key.lstrip("-").replace("_", "-"), bare[end + 1 :].strip()
