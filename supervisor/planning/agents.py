"""An AI agent on a command line: its profile is named, and its state gets a place."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from nono.broker.agents import Agent, agent_among
from nono.supervisor.planning.commands import further_programs
from nono.supervisor.planning.program import find_program


def agent_of(argv: Sequence[str], env: Mapping[str, str], cwd: str) -> Agent | None:
    """The agent that a command line starts, be it by a shell or a wrapper."""
    if not argv:
        return None

    def find(name: str) -> str | None:
        return find_program(name, env, cwd) if name and "\0" not in name else None

    return agent_among(map(os.path.basename, (argv[0], *further_programs(argv, find))))


def notes_about(agent: Agent | None, argv: Sequence[str], profile: str | None) -> Iterator[str]:
    """What whoever runs it should know."""
    if agent is None:
        return
    if profile is None:
        yield f"there is a profile for {agent.command}: nono run --profile {agent.profile} -- ..."
    yield from agent.notes(argv)
