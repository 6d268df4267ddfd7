"""What a profile and all that it extends come to, without what reads their texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nono.broker.dataclass import dataclass, field
from nono.broker.settings import Setting, Settings

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Any

    from nono.broker.profile.format import Profile


@dataclass(frozen=True, slots=True)
class Source:
    """A profile's text as it was found. `file` is its name for people, and its identity."""

    file: str
    data: bytes


Load = Callable[[str, Source | None], Source]
"""From a reference, and the profile that makes it, to that profile's text. Raises PolicyError."""


@dataclass(frozen=True, slots=True)
class Merged(Settings):
    """The settings of a profile and of all that it extends.

    `files` are those that were read, bases first.
    """

    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)

    def profile(self) -> Profile:
        """The one profile that says the same, without `extends`."""
        tree: dict[str, Any] = {"meta": dict(self.meta)} if self.meta else {}
        for key, settings in self.settings.items():
            section, _, name = key.rpartition(".")
            inside = tree.setdefault(section, {}) if section else tree
            if settings[0].name:
                inside[name] = {setting.name: setting.value for setting in settings}
            elif isinstance(settings[0], Element):
                inside[name] = tuple(setting.value for setting in settings)
            else:
                inside[name] = settings[0].value
        # What knows the format takes a while to load, and a run can do without it.
        from nono.broker.profile.format import Profile

        return Profile.model_validate(tree)


class Element(Setting):
    """An element of a list."""

    __slots__ = ()
