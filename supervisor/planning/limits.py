"""The limits of a sandbox, from flags and from the profile."""

from __future__ import annotations

from typing import Any

from nono.broker.errors import PolicyError
from nono.broker.limits import KINDS, Limits
from nono.broker.rules.rule import OriginKind
from nono.broker.settings import BY_NAME, Setting, Settings
from nono.supervisor.errors import UsageError

_SECTION = "limits."


def limits_of(flags: Settings, profile: Settings) -> Limits:
    """A flag takes the place of what the profile says. Raises UsageError, PolicyError."""
    found = {}
    for name in KINDS:
        setting = flags.one(_SECTION + name) or profile.one(_SECTION + name)
        if setting is not None:
            found[name] = _read(name, setting)
    return Limits(**found)


def _read(name: str, setting: Setting) -> Any:
    try:
        return KINDS[name].read(setting.value)
    except PolicyError as error:
        if setting.origin.kind is not OriginKind.FLAG:
            raise
        flag = BY_NAME[setting.key].flag
        raise UsageError(f"{flag}: {error.message}", error.hint) from None
