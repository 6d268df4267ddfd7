"""What the entries of groups stand for: paths in a home, and those that variables have in them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from nono.broker import Rule, group, rules_of
from nono.broker.compiled import pattern_of
from nono.broker.groups import entries_of
from nono.broker.named_tuple import NamedTuple
from nono.broker.rules.paths import is_within
from nono.supervisor.links import InDirectories, Ways
from nono.supervisor.places import BASE_DIRECTORIES, plain_path
from nono.supervisor.walk import plain

_OWN = frozenset({*BASE_DIRECTORIES, "TMPDIR"})
_BETWEEN = r"[\s\"'`;|&()<>$=!,:\\@]+"
"""What may stand before and behind a path in a command or an option."""
_OF_THE_KERNEL = frozenset({"dev", "proc", "sys"})
_MAX_REMEMBERED = 128
"""Groups, each as it is spelled."""


class Spelling(NamedTuple):
    """All that the paths of a group are made of but links: what is equal has equal paths."""

    top: str
    """The home, empty for the root."""
    workdir: str
    variables: tuple[tuple[str, str], ...]
    """What begins an entry, with the directory that it stands for."""
    values: tuple[tuple[str, str], ...]
    """Of other variables."""

    def given(self, path: str) -> Sequence[str]:
        """The absolute paths that an entry names, as they are spelled."""
        if path.startswith("~/"):
            return (self.top + path[1:],)
        if path.startswith("/"):
            return (path,)
        first, slash, rest = path.partition("/")
        for name, directory in self.variables:
            if name == first:
                return (directory + slash + rest,)
        value = "" if first[1:] in _OWN else dict(self.values).get(first[1:], "")
        if not value:
            return ()
        return [each + slash + rest for each in _named_by(value, self.top or "/", self.workdir)]


class Expander:
    """Called with a group's path: the canonical path, and the given one where a link leads
    elsewhere.

    `$TMPDIR` is nothing here: every run gets one of its own. A base directory such as
    `$XDG_DATA_HOME` is one only where `env` puts it elsewhere than usual. Another variable is the
    paths that `env` has in it.
    """

    def __init__(self, home: str, workdir: str, env: Mapping[str, str] | None = None) -> None:
        top = home.rstrip("/")
        self._env = env or {}
        self._workdir = workdir
        self.passed: dict[str, None] = {}
        """What the ways of variables hang on up to their last `..`."""
        variables = {"$HOME": top, "$WORKDIR": workdir.rstrip("/"), "$UID": str(os.getuid())}
        for name, usual in BASE_DIRECTORIES.items():
            base = self._plain(self._env.get(name) or ".")
            if os.path.isabs(base) and base != f"{top}/{usual}":
                variables[f"${name}"] = base.rstrip("/")
        self._spelling = Spelling(top, workdir, tuple(variables.items()), tuple(self._env.items()))
        elsewhere = tuple(each for each in variables.items() if each[0] != "$WORKDIR")
        self._usual = Spelling(top, "/", elsewhere, ())
        """Of groups without variables of their own."""
        self.ways = Ways(home)

    def __call__(self, path: str) -> Sequence[str]:
        found: list[str] = []
        spelling, name = self._spelling, path[1:].partition("/")[0]
        if path.startswith("$") and os.pardir in self._env.get(name, ""):
            spelling = spelling._replace(values=((name, self._followed(self._env[name])),))
        for given in spelling.given(path):
            led = self.ways.canonical(given)
            found += (led,) if led == given else (led, given)
        return found

    def rules(self, name: str) -> tuple[Sequence[Rule], Mapping[str, str]]:
        """The rules of a group, and which of its paths lead elsewhere, each with where.

        It is looked at all of them, each time; what they are and what comes of it is remembered.
        """
        spelling = self._spelling_of(name)
        rules, asked = _spelled(name, spelling)
        leading = self.ways.leading(asked)
        return (_led(name, spelling, tuple(leading.items())) if leading else rules), leading

    def _spelling_of(self, name: str) -> Spelling:
        """With what counts for this group alone."""
        names = _variables_of(name)
        if not names:
            return self._usual
        known = dict(self._spelling.variables)
        values = tuple(
            (each, self._followed(self._env[each]))
            for each in names
            if each in self._env and each not in _OWN and f"${each}" not in known
        )
        if values or "WORKDIR" in names:
            return self._spelling._replace(values=values)
        return self._usual

    def _plain(self, given: str) -> str:
        """As the kernel reads it, where that is more than text."""
        if os.pardir not in given.split("/") or not os.path.isabs(given):
            return os.path.normpath(given)
        path, passed = plain(given)
        self.passed |= dict.fromkeys(passed)
        return path

    def _followed(self, value: str) -> str:
        """A variable's value, and the paths in it that go up, as `_plain` reads them."""
        if os.pardir not in value:
            return value
        given = _paths_in(value, self._spelling.top)
        return ":".join([value, *(self._plain(path) for path in given if os.pardir in path)])


@lru_cache(_MAX_REMEMBERED)
def _variables_of(name: str) -> tuple[str, ...]:
    """The variables that entries of a group begin with."""
    found = [entry[1:].partition("/")[0] for entry in entries_of(group(name)) if entry[:1] == "$"]
    return tuple(dict.fromkeys(found))


@lru_cache(_MAX_REMEMBERED)
def _spelled(name: str, spelling: Spelling) -> tuple[tuple[Rule, ...], InDirectories]:
    """The rules of a group if no path leads elsewhere, and all paths."""
    asked: list[str] = []

    def expand(path: str) -> Sequence[str]:
        found = spelling.given(path)
        asked.extend(found)
        return found

    def refused(entries: Iterable[str]) -> dict[str, str]:
        """Most are in the home: those are there at once, without a call for each."""
        top = spelling.top
        found = {top + each[1:]: each for each in entries if each[:2] == "~/"}
        asked.extend(found)
        others = (each for each in entries if each[:2] != "~/")
        return found | {path: each for each in others for path in expand(each)}

    rules = tuple(rules_of(group(name), expand, refused))
    return rules, InDirectories.of(asked)


@lru_cache(_MAX_REMEMBERED)
def _led(name: str, spelling: Spelling, leading: tuple[tuple[str, str], ...]) -> tuple[Rule, ...]:
    """The rules of a group of which these paths lead elsewhere."""
    ends = dict(leading)

    def expand(path: str) -> Sequence[str]:
        return [
            each
            for given in spelling.given(path)
            for each in ((ends[given], given) if given in ends else (given,))
        ]

    return tuple(rules_of(group(name), expand))


def _named_by(value: str, home: str, workdir: str) -> Iterator[str]:
    """The absolute paths in a variable that is a path, several (`KUBECONFIG`), or a command
    (`LESSOPEN`); `/dev/null` in one means no file.

    None that much else lies in is meant: nothing would work with that refused.
    """
    for path in map(plain_path, _paths_in(value, home.rstrip("/"))):
        much = path.count("/") < 2 or any(is_within(top, path) for top in (home, workdir))
        if not much and path.split("/")[1] not in _OF_THE_KERNEL:
            yield path


def _paths_in(value: str, top: str) -> Iterator[str]:
    """As they are spelled, but for the home."""
    for each in dict.fromkeys((*value.split(":"), *pattern_of(_BETWEEN).split(value))):
        given = top + each[1:] if each.startswith("~/") else each
        if os.path.isabs(given):
            yield given
