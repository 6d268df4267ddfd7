"""A profile that is the sum of a person's answers: `nono learn --ask`.

It has what the flags of the run opened and what was allowed for the run, and nothing that was
allowed once: whoever said once did not mean the next run.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence
from typing import Any

from nono.broker import Effect, Policy, visible
from nono.broker.asking.offers.entries import entries
from nono.broker.learning.generalise import Surroundings
from nono.broker.learning.profile import spelled
from nono.broker.profile.spelling import is_file_name
from nono.broker.settings import BY_NAME, Kind
from nono.supervisor.places import absolute, canonical
from nono.supervisor.planning.options import Options, settings_of

_PATHS = frozenset({Kind.DIRECTORY, Kind.FILE, Kind.LISTED, Kind.SOCKET})
_MAX_DESCRIPTION = 200


def profile_of_answers(
    options: Options, argv: Sequence[str], policy: Policy, around: Surroundings, workdir: str
) -> str:
    """The profile's text; pure ASCII. `policy` is the run's, with its answers."""
    command = visible(shlex.join(argv), limit=_MAX_DESCRIPTION)
    profile: dict[str, Any] = {"meta": {"description": f"learned by asking: {command}"}}
    base = options.profile
    if base is not None:
        path = canonical(absolute(base, around.home, os.getcwd()))
        profile["extends"] = path if is_file_name(base) else base
    profile["ask"] = True
    for key, value in _said(options, around.home, workdir):
        _put(profile, key, value)
    for rule in (*policy.answers, *policy.network.answers):
        if rule.effect is Effect.ALLOW:
            for key, entry in entries(rule.pattern, rule.access, around):
                _put(profile, key, entry)
    return json.dumps(profile, indent=2) + "\n"


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
