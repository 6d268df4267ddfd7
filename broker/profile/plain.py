"""What profiles come to, as plain data and back: for a run, which looks at no condition again.

An entry with a condition is kept as the text that it stands for. What holds more than texts,
numbers and truths is not kept at all.
"""

from __future__ import annotations

from nono.broker.profile.merged import Element, Merged
from nono.broker.rules.rule import Origin, OriginKind
from nono.broker.settings import BY_NAME, Setting

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Any

_PLAIN = (str, int, bool)


def plain_merged(merged: Merged) -> dict[str, Any] | None:
    """As plain data; None where it cannot be."""
    settings = {}
    for key, given in merged.settings.items():
        settings[key] = kept = [_plain_setting(setting) for setting in given]
        if any(not isinstance(value, _PLAIN) for _, value, *_ in kept):
            return None
    return {
        "settings": settings,
        "cleared": sorted(merged.cleared),
        "files": list(merged.files),
        "notes": list(merged.notes),
        "meta": {name: value for name, value in merged.meta.items() if isinstance(value, str)},
    }


def _plain_setting(setting: Setting) -> list[Any]:
    value = setting.value
    value = getattr(value, "path", getattr(value, "name", value))
    place = setting.file, setting.line, setting.column, setting.name
    return [isinstance(setting, Element), value, *place]


def read_merged(data: Any) -> Merged:
    """What `plain_merged` has made plain. Raises ValueError, TypeError, KeyError."""
    settings = {
        _known(key): tuple(_setting(key, *each) for each in given)
        for key, given in data["settings"].items()
    }
    return Merged(
        settings,
        frozenset(map(_known, data["cleared"])),
        tuple(map(_text, data["files"])),
        tuple(map(_text, data["notes"])),
        {_text(name): _text(value) for name, value in data["meta"].items()},
    )


def _known(key: str) -> str:
    return BY_NAME[key].name


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _setting(
    key: str, is_element: bool, value: Any, file: str, line: int, column: int, name: str
) -> Setting:
    if not isinstance(value, _PLAIN):
        raise TypeError("not plain")
    origin = Origin(OriginKind.PROFILE, key, _text(file))
    made = Element if is_element is True else Setting
    return made(key, value, origin, int(line), int(column), _text(name))
