"""A profile that is the sum of a person's answers: `nono learn --ask`.

It has what the flags of the run opened and what was allowed for the run, and nothing that was
allowed once: whoever said once did not mean the next run.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence
from typing import Any, NamedTuple

from nono.broker import Effect, Policy, Rule, visible
from nono.broker.asking.offers.entries import entries
from nono.broker.learning.generalise import Surroundings
from nono.broker.learning.profile import spelled
from nono.broker.profile.spelling import is_file_name
from nono.broker.settings import BY_NAME, Kind
from nono.supervisor.places import absolute, canonical
from nono.supervisor.planning.options import Options, settings_of

_PATHS = frozenset({Kind.DIRECTORY, Kind.FILE, Kind.LISTED, Kind.SOCKET})
_MAX_DESCRIPTION = 200


class LearnedProfile(NamedTuple):
    """The text, pure ASCII; and notes about what was answered and does not stand there."""

    text: str
    notes: tuple[str, ...]


def profile_of_answers(
    options: Options, argv: Sequence[str], policy: Policy, around: Surroundings, workdir: str
) -> LearnedProfile:
    """`policy` is the run's, with its answers."""
    command = visible(shlex.join(argv), limit=_MAX_DESCRIPTION)
    profile: dict[str, Any] = {"meta": {"description": f"learned by asking: {command}"}}
    base = options.profile
    if base is not None:
        path = canonical(absolute(base, around.home, os.getcwd()))
        profile["extends"] = path if is_file_name(base) else base
    profile["ask"] = True
    for key, value in _said(options, around.home, workdir):
        _put(profile, key, value)
    notes: dict[str, None] = {}
    for rule in (*policy.answers, *policy.network.answers):
        if rule.effect is not Effect.ALLOW:
            continue
        why = _why_not(rule)
        found = () if why else entries(rule.pattern, rule.access, around)
        if not found:
            why = why or "no profile can name it"
            notes[f"{visible(rule.pattern.spelled)}: left out: {why}"] = None
        for key, entry in found:
            _put(profile, key, entry)
    return LearnedProfile(json.dumps(profile, indent=2) + "\n", tuple(notes))


def _why_not(rule: Rule) -> str:
    """Why an answer is none for later runs: it was about an object, and where a link stands by now
    it would be about another."""
    path = getattr(rule.pattern, "path", None)
    if path is None or canonical(path) == path:
        return ""
    return f"it leads to {visible(canonical(path))} by now"


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
