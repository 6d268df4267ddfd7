"""The policy that is measured under: the options of whoever runs a benchmark, as words and as data.

The programs that measure get it as words where they run `nono run`, and as JSON where they use a
part of the sandbox alone or the library.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from nono.broker import Mode
from nono.broker.settings import BY_OPTION
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options

_FLAGS = {"profile": "--profile", "workdir": "--workdir"}


@dataclass(frozen=True)
class Under:
    """Options as they were given, and the directory that they were given in."""

    options: Options
    cwd: str

    @property
    def words(self) -> list[str]:
        """For `nono run`, in that directory."""
        return [*_words(self.options)]

    @property
    def told(self) -> tuple[str, ...]:
        """The words that may be shown to others: not those that may be, or name, a secret."""
        return tuple(_words(replace(self.options, proxy_credential=(), upstream_proxy=None)))

    @property
    def names_hosts(self) -> bool:
        """Whether hosts are reached by their names, through nono."""
        return make_plan(self.options).policy.network.mode is Mode.FILTERED


def usual(directory: str) -> Under:
    """What the developers' ladder is measured under: a project, and nothing else."""
    return Under(Options(allow_cwd=True), directory)


def _words(options: Options) -> Iterator[str]:
    for name, value in asdict(options).items():
        key = BY_OPTION.get(name)
        is_taken_back = key is not None and key.stands_for is False
        if name == "ask" or bool(value) == is_taken_back:
            continue  # a person's answer takes as long as the person
        flag = key.flag if key is not None else _FLAGS[name]
        if isinstance(value, bool):
            yield flag
        else:
            given = (value,) if isinstance(value, str) else value
            yield from (f"{flag}={each}" for each in given)


def to_text(under: Under) -> str:
    """A word for a program that gets the policy as JSON."""
    return json.dumps([asdict(under.options), under.cwd])


def from_text(text: str) -> Options:
    """The options in such a word; goes to their directory."""
    values: dict[str, Any]
    values, cwd = json.loads(text)
    os.chdir(cwd)
    made: dict[str, Any] = {
        name: tuple(each) if isinstance(each, list) else each for name, each in values.items()
    }
    return replace(Options(**made), ask=None)
