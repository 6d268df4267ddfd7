"""What is known of AI agents: the profile of each, and where its state goes without that profile.

Which agents, and what to tell about each, is data (data/agents.json).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType

from nono.broker.datafile import data
from nono.broker.named_tuple import NamedTuple

_DIRECTORY = "agents"
_NONE: Mapping[str, str] = MappingProxyType({})
_OFF = ("", "0", "false")


class Agent(NamedTuple):
    """One agent, by the name of its command.

    `profile` is the built-in one. `state` are variables that say where it keeps its state, each
    with a directory below the sandbox's own. `note` is for whoever runs it, but not where one of
    `unless` is a word of the command line or a variable that is on, and where there are any, only
    with one of `only`. `install` are command lines that install it, each by another tool.
    """

    command: str
    profile: str
    state: Mapping[str, str] = _NONE
    note: str = ""
    unless: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    install: tuple[tuple[str, ...], ...] = ()

    def places(self) -> dict[str, str]:
        """The variables of its state, each with its place below the sandbox's own directory."""
        return {name: f"{_DIRECTORY}/{place}" for name, place in self.state.items()}

    def notes(self, argv: Sequence[str], env: Mapping[str, str] = _NONE) -> list[str]:
        """What to tell about a command line of this agent's, with the variables that it gets."""
        words = {word for each in argv for word in each.split()}
        words |= {name for name, value in env.items() if value.lower() not in _OFF}
        wanted = not self.only or not words.isdisjoint(self.only)
        return [self.note] if self.note and wanted and words.isdisjoint(self.unless) else []


@cache
def agents() -> Mapping[str, Agent]:
    """All of them, by their commands."""
    return MappingProxyType(
        {
            name: Agent(
                name,
                entry["profile"],
                entry["state"],
                entry.get("note", ""),
                tuple(entry.get("unless", ())),
                tuple(entry.get("only", ())),
                tuple(map(tuple, entry.get("install", ()))),
            )
            for name, entry in data("agents").items()
        }
    )


def agent_installed_by(argv: Sequence[str]) -> Agent | None:
    """The agent that a command line installs: what is installed may be started at once."""
    lines = [(each, line) for each in agents().values() for line in each.install]
    # Who asks for the words behind the first has a policy for these words alone.
    by_tool = [(each, line) for each, line in lines if argv and argv[0] == line[0]]
    return next((each for each, line in by_tool if {*line} <= {*argv}), None)


def agent_among(commands: Iterable[str]) -> Agent | None:
    """The first agent among the names of commands."""
    return next((agents()[name] for name in commands if name in agents()), None)
