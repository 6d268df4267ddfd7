"""An AI agent on a command line: its profile is named, and its state gets a place."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from nono.broker.agents import Agent, agent_among, agents
from nono.supervisor.planning.program.commands import further_programs
from nono.supervisor.planning.program.program import find_program


def agent_of(argv: Sequence[str], env: Mapping[str, str], cwd: str) -> Agent | None:
    """The agent that a command line starts, be it by a shell or a wrapper.

    One that the person's PATH does not find may have been installed by an earlier run, in the
    sandbox's own caches: its name is enough.
    """
    if not argv:
        return None

    def find(name: str) -> str | None:
        if name in agents():
            return name
        return find_program(name, env, cwd) if name and "\0" not in name else None

    return agent_among(map(os.path.basename, (argv[0], *further_programs(argv, find))))


def notes_about(
    agent: Agent | None, argv: Sequence[str], profile: str | None, env: Mapping[str, str]
) -> Iterator[str]:
    """What whoever runs it with these variables should know; of one that is not here, where it
    can be installed comes first."""
    if agent is None:
        return
    if profile is None:
        yield f"there is a profile for {agent.command}: nono run --profile {agent.profile} -- ..."
    if argv[0] != agent.command or find_program(agent.command, env, "/") is not None:
        yield from agent.notes(argv, env)
