"""A profile that is the sum of a person's answers: `nono learn --ask`.

It has what the flags of the run opened and what was allowed for the run, and nothing that was
allowed once: whoever said once did not mean the next run.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from typing import Any, NamedTuple

from nono.broker import Effect, Policy, visible
from nono.broker.asking.offers.entries import entries
from nono.broker.learning.generalise import Surroundings
from nono.broker.learning.profile import spelled
from nono.broker.profile.spelling import is_file_name
from nono.broker.settings import BY_NAME, Kind
from nono.supervisor.places import absolute, canonical, from_here
from nono.supervisor.planning.options import Options, settings_of
from nono.supervisor.planning.profiles.led_elsewhere import without_led
from nono.supervisor.planning.profiles.profile_paths import Variables

_PATHS = frozenset({Kind.DIRECTORY, Kind.FILE, Kind.LISTED, Kind.SOCKET})
_MAX_DESCRIPTION = 200
_UNNAMED = "{}: left out: no profile can name it"


class LearnedProfile(NamedTuple):
    """The text, pure ASCII; and notes about what was answered and does not stand there."""

    text: str
    notes: tuple[str, ...]


class Said(NamedTuple):
    """What the command line says of a profile, its paths as they were before the program ran.

    `head` comes first in it, `entries` are further keys and values.
    """

    head: dict[str, Any]
    entries: tuple[tuple[str, Any], ...]


def said_of(options: Options, argv: Sequence[str], home: str, workdir: str) -> Said:
    """To be called before the program runs: it may put links where a flag names something."""
    command = visible(shlex.join(argv), limit=_MAX_DESCRIPTION)
    head: dict[str, Any] = {"meta": {"description": f"learned by asking: {command}"}}
    base = options.profile
    if base is not None:
        head["extends"] = canonical(from_here(base, home)) if is_file_name(base) else base
    head["ask"] = True
    return Said(head, tuple(_said(options, home, workdir)))


def profile_of_answers(
    said: Said, policy: Policy, around: Surroundings, variables: Variables
) -> LearnedProfile:
    """`policy` is the run's, with its answers. What leads elsewhere by now is left out."""
    named: list[tuple[str, Any]] = [*said.entries]
    unnamed: dict[str, None] = {}
    for rule in (*policy.answers, *policy.network.answers):
        if rule.effect is Effect.ALLOW:
            found = entries(rule.pattern, rule.access, around)
            named += found
            if not found:
                unnamed[_UNNAMED.format(visible(rule.pattern.spelled))] = None
    kept, notes = without_led(named, variables)
    profile = dict(said.head)
    for key, value in kept:
        _put(profile, key, value)
    return LearnedProfile(json.dumps(profile, indent=2) + "\n", (*notes, *unnamed))


def _said(options: Options, home: str, workdir: str) -> list[tuple[str, Any]]:
    """What the flags said that a profile can say, paths from the root on."""
    found = []
    for name, settings in settings_of(options).settings.items():
        key = BY_NAME[name]
        if not key.in_profile or name == "ask":
            continue
        for setting in settings:
            value = setting.value
            if key.kind in _PATHS or name == "filesystem.bypass_protection":
                path = canonical(absolute(value, home, workdir))
                value = spelled(path, home) or path
            found.append((name, value))
    return found


def _put(profile: dict[str, Any], key: str, value: Any) -> None:
    section, _, name = key.partition(".")
    inside = profile.setdefault(section, {})
    if BY_NAME[key].stands_for is not None or not BY_NAME[key].repeated:
        inside[name] = value
    elif value not in inside.setdefault(name, []):
        inside[name].append(value)
