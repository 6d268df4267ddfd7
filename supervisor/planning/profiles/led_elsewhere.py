"""Names of a profile that lead elsewhere by now than when a person spoke of them.

An answer, or a flag, is about the object that a person saw, whose path had no link in it. Whoever
was allowed to change that may have put a link in its place since: then the name opens another.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from nono.broker import Effect, PolicyError, visible
from nono.broker.settings import BY_NAME
from nono.supervisor.places import canonical
from nono.supervisor.planning.profiles.profile_paths import Variables, beginning
from nono.supervisor.walk import plain

_LED = "{}: by now it leads to {}, and what was answered is about no link: left out"
_BYPASS = "filesystem.bypass_protection"
_Value = TypeVar("_Value")


def led(text: str, to: str) -> str:
    """A note for a person: what is left out, and why."""
    return _LED.format(visible(text), visible(to))


def leads_elsewhere(key: str, value: object, variables: Variables) -> str | None:
    """Where a value of a key such as `filesystem.read` leads, if that is not what it says.

    None for what opens no path, and for what is read as a mistake later.
    """
    if not isinstance(value, str) or not key.startswith("filesystem."):
        return None
    opens = BY_NAME[key]
    if opens.effect is not Effect.ALLOW or (opens.kind is None and key != _BYPASS):
        return None
    try:
        path = plain(beginning(value, variables)).path
    except PolicyError:
        return None
    end = canonical(path)
    return None if end == path else end


def without_led(
    entries: Iterable[tuple[str, _Value]], variables: Variables
) -> tuple[list[tuple[str, _Value]], list[str]]:
    """The keys and values without the paths that lead elsewhere, and notes about those."""
    kept, notes = [], dict[str, None]()
    for key, value in entries:
        to = leads_elsewhere(key, value, variables)
        if to is None:
            kept.append((key, value))
        else:
            notes[led(str(value), to)] = None
    return kept, [*notes]
