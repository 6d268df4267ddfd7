"""A profile and what it extends, merged into one set of settings that know where they come from.

The profiles are put in a line, each once, what is extended before what extends
it; then they are merged from the left: lists append, other values replace, and
an empty list, an empty object or null clears what came before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from nono.broker.errors import PolicyError, Problem, ProfileError
from nono.broker.profile.format import Profile
from nono.broker.profile.merged import Element, Load, Merged, Source
from nono.broker.profile.parse import ProfileFile, bases_in_spite, parse
from nono.broker.profile.parts import Part
from nono.broker.rules.rule import Origin, OriginKind
from nono.broker.settings import Setting

MAX_DEPTH = 10
"""Profiles that extend each other, one above the other."""
MAX_FILES = 100

_OWN = frozenset({"json_schema", "extends", "meta"})
"""What a profile says of itself, and nobody inherits."""


def resolve(reference: str, load: Load, platform: str) -> Merged:
    """The profile of that name or file, with all that it extends.

    Elements that are meant for other platforms than this one are left out. Raises ProfileError
    with the problems of all the files.
    """
    line = _Line(load)
    source = load(reference, None)
    line.add(source, ())
    if line.problems:
        raise ProfileError(line.problems)
    return merge(line.profiles, platform)


def merge(profiles: Sequence[ProfileFile], platform: str) -> Merged:
    """The settings of profiles that follow each other, on this platform."""
    settings: dict[str, tuple[Setting, ...]] = {}
    empty: set[str] = set()
    for profile in profiles:
        for key, given in _settings(profile):
            if not given:
                empty.add(key)
                for cleared in [k for k in settings if k == key or k.startswith(f"{key}.")]:
                    del settings[cleared]
                continue
            kept = [setting for setting in map(_for(platform), given) if setting is not None]
            together = _together(settings.get(key, ()), kept)
            if together:
                settings[key] = together
    last = profiles[-1].profile.meta if profiles else None
    return Merged(
        settings,
        frozenset(empty - settings.keys()),
        tuple(profile.file for profile in profiles),
        tuple(note for profile in profiles for note in profile.notes),
        last.model_dump(exclude_none=True) if last else {},
    )


class _Line:
    """Puts profiles in a line."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._seen: set[str] = set()
        self.profiles: list[ProfileFile] = []
        self.problems: list[Problem] = []

    def add(self, source: Source, above: tuple[str, ...]) -> None:
        """Add a profile after all that it extends. `above` are those that led here."""
        self._seen.add(source.file)
        try:
            profile = parse(source.file, source.data)
        except ProfileError as error:
            self.problems += error.problems
            told = {(each.line, each.column) for each in error.problems}
            for place, base in islice(bases_in_spite(source.file, source.data), MAX_FILES):
                if place not in told:
                    self._tried(source, base, above, place)
            return
        for index, base in _bases(profile.profile):
            location = ("extends",) if index is None else ("extends", index)
            self._tried(source, base, above, profile.place(*location))
        self.profiles.append(profile)

    def _tried(
        self, source: Source, base: str, above: tuple[str, ...], place: tuple[int, int]
    ) -> None:
        """Extend this one; a PolicyError becomes a problem of who names it."""
        try:
            self._extend(source, base, (*above, source.file))
        except PolicyError as error:
            message = f"extends: {error.message}"
            self.problems.append(Problem(source.file, *place, message, error.hint))

    def _extend(self, source: Source, base: str, above: tuple[str, ...]) -> None:
        found = self._load(base, source)
        if found.file in above:
            circle = " -> ".join([*above[above.index(found.file) :], found.file])
            raise PolicyError(f"a profile cannot extend itself: {circle}", "leave one of them out")
        if found.file in self._seen:
            return
        if len(above) > MAX_DEPTH:
            raise PolicyError(
                f"more than {MAX_DEPTH} profiles extend each other", "join some of them"
            )
        if len(self._seen) >= MAX_FILES:
            raise PolicyError(f"more than {MAX_FILES} profiles are extended", "join some of them")
        self.add(found, above)


def _bases(profile: Profile) -> Iterator[tuple[int | None, str]]:
    if isinstance(profile.extends, str):
        yield None, profile.extends
    elif profile.extends is not None:
        yield from enumerate(profile.extends)


def _settings(profile: ProfileFile) -> Iterator[tuple[str, tuple[Setting, ...]]]:
    """What the profile says, key by key; nothing for a key means that it is cleared."""
    for name in _said(profile.profile):
        if name in _OWN:
            continue
        value = getattr(profile.profile, name)
        if not isinstance(value, Part):
            yield name, _split(profile, (name,), value)
            continue
        for inner in _said(value):
            yield f"{name}.{inner}", _split(profile, (name, inner), getattr(value, inner))


def _said(part: Part) -> list[str]:
    """The fields that the text gives, in the order of the format."""
    return [name for name in type(part).model_fields if name in part.model_fields_set]


def _split(profile: ProfileFile, location: tuple[str, ...], value: Any) -> tuple[Setting, ...]:
    key = ".".join(location)
    origin = Origin(OriginKind.PROFILE, key, profile.file)
    if value is None:
        return ()
    if isinstance(value, tuple):
        return tuple(
            Element(key, element, origin, *profile.place(*location, index))
            for index, element in enumerate(value)
        )
    if isinstance(value, dict):
        return tuple(
            Setting(key, entry, origin, *profile.place(*location, name), name)
            for name, entry in value.items()
        )
    return (Setting(key, value, origin, *profile.place(*location)),)


def _for(platform: str) -> Callable[[Setting], Setting | None]:
    """Leaves out what is meant for other platforms."""

    def choose(setting: Setting) -> Setting | None:
        when = getattr(setting.value, "when", None)
        if when is None:
            return setting
        choices = (when,) if isinstance(when, str) else when
        return setting if any(_holds(choice, platform) for choice in choices) else None

    return choose


def _holds(condition: str, platform: str) -> bool:
    negated = condition.startswith("!")
    return (condition.removeprefix("!") == platform) != negated


def _together(before: tuple[Setting, ...], given: list[Setting]) -> tuple[Setting, ...]:
    """Lists append, each value once; entries replace those of their name; others replace."""
    if given and given[0].name:
        entries = {setting.name: setting for setting in (*before, *given)}
        return tuple(entries.values())
    if given and isinstance(given[0], Element):
        values: dict[Any, Setting] = {}
        for setting in (*before, *given):
            values.setdefault(_identity(setting.value), setting)
        return tuple(values.values())
    return tuple(given) or before


def _identity(value: Any) -> Any:
    return value.model_dump_json() if isinstance(value, Part) else value
