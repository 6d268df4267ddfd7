"""The data about agents, and the profiles that they name."""

from __future__ import annotations

from importlib import resources

import pytest

from nono.broker.agents import agent_among, agents
from nono.broker.profile.format import Profile
from nono.broker.profile.parse import parse

PROFILES = resources.files("nono.broker").joinpath("data", "profiles")


def profile_of(command: str) -> Profile:
    name = agents()[command].profile
    return parse(name, PROFILES.joinpath(f"{name}.json").read_bytes()).profile


@pytest.mark.parametrize("command", sorted(agents()))
def test_what_a_profile_opens_keeps_what_would_run_later(command: str) -> None:
    profile = profile_of(command)
    assert profile.extends == "agent"
    opened = (profile.filesystem and profile.filesystem.allow) or ()
    refused = (profile.filesystem and profile.filesystem.deny_write) or ()
    assert bool(opened) == bool(refused)
    # What is refused lies in what is opened: a spelling that does not would protect nothing.
    for path in map(str, refused):
        assert any(path.startswith(f"{place}/") for place in opened), path


@pytest.mark.parametrize("command", sorted(agents()))
def test_its_state_is_the_person_s_own_or_the_sandbox_s(command: str) -> None:
    """With its profile a variable leads to what that opens, else to the sandbox's own place."""
    profile = profile_of(command)
    opened = (profile.filesystem and profile.filesystem.allow) or ()
    given = (profile.environment and profile.environment.set_vars) or {}
    for name, value in given.items():
        if name in agents()[command].state:
            assert any(str(place).startswith(value) for place in opened)
    assert opened or agents()[command].state


def test_places_are_below_one_directory_and_differ() -> None:
    places = [place for agent in agents().values() for place in agent.places().values()]
    assert len(places) == len(set(places))
    assert all(place.startswith("agents/") and ".." not in place for place in places)


def test_the_note_is_for_who_needs_it() -> None:
    codex = agents()["codex"]
    assert codex.notes(["codex", "exec", "x"]) == [codex.note]
    assert codex.notes(["codex", "-s", "danger-full-access"]) == []
    assert codex.notes(["sh", "-c", "codex --yolo"]) == []
    gemini = agents()["gemini"]
    assert gemini.notes(["gemini"]) == []
    assert gemini.notes(["gemini", "--sandbox"]) == [gemini.note]


def test_the_first_agent_counts() -> None:
    assert agent_among(["timeout", "codex", "claude"]) is agents()["codex"]
    assert agent_among(["python3"]) is None
