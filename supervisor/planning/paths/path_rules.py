"""From the settings that concern paths to rules, whether flags or a profile's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from nono.broker import (
    FLOOR_ACCESS,
    Access,
    Effect,
    Origin,
    PathPattern,
    Rule,
    Subtree,
    group,
    is_within,
    rules_of,
)
from nono.broker.dataclass import replace
from nono.broker.rules.access import CHANGING
from nono.broker.settings import KEYS, Key, Kind, Setting, Settings
from nono.supervisor.places import platform

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Protocol
else:
    Protocol = object


_PATHS = frozenset({Kind.REFUSED, Kind.ASKED, Kind.DIRECTORY, Kind.FILE, Kind.LISTED, Kind.SOCKET})
_WORKDIR = {
    "none": Access(0),
    "read": Access.READ | Access.EXECUTE,
    "write": Access.WRITE,
    "readwrite": FLOOR_ACCESS,
}


class Paths(Protocol):
    """How paths are written where the settings come from."""

    def patterns(self, setting: Setting, key: Key) -> Iterable[PathPattern]:
        """What the setting grants or refuses."""

    def left(self, setting: Setting, key: Key) -> Iterable[PathPattern]:
        """What the way to something refused goes up from, for changes of that to be refused."""

    def lifted(self, setting: Setting) -> Iterable[str]:
        """The canonical path that the setting lifts a protection of."""


def path_rules(settings: Settings, effect: Effect, paths: Paths) -> Iterator[Rule]:
    """The rules that refuse, that ask, or that allow. Raises what `paths` raises."""
    for key in KEYS:
        if key.effect is effect and key.kind in _PATHS:
            for setting in settings.all(key.name):
                for pattern in paths.patterns(setting, key):
                    yield Rule(pattern, key.access, effect, setting.origin)
                for pattern in paths.left(setting, key):
                    yield Rule(pattern, CHANGING, effect, setting.origin)


def bypasses(settings: Settings, paths: Paths) -> Iterator[str]:
    """The paths whose protection is lifted. Raises what `paths` raises."""
    for setting in settings.all("filesystem.bypass_protection"):
        yield from paths.lifted(setting)


def workdir_rules(settings: Settings, workdir: str) -> Iterator[Rule]:
    """The rule for the working directory, if any."""
    for setting in settings.all("workdir.access"):
        access = _WORKDIR[setting.value]
        if access:
            yield Rule(Subtree(workdir, "."), access, Effect.ALLOW, setting.origin)


def opened_workdir(origin: Origin | None, home: str, workdir: str) -> Iterator[Rule]:
    """The rule that this origin opens the working directory by, unless that holds the home."""
    if origin is not None and not is_within(home, workdir):
        yield Rule(Subtree(workdir, "."), FLOOR_ACCESS, Effect.ALLOW, origin)


def gpu_rules(settings: Settings, expand: Callable[[str], Sequence[str]]) -> Iterator[Rule]:
    """The rules for graphics cards, if they are asked for and this platform has them."""
    for setting in settings.all("groups.gpu") if group("gpu").is_for(platform()) else ():
        for rule in rules_of(group("gpu"), expand):
            yield replace(rule, origin=setting.origin)


def written_directories(settings: Settings) -> Iterator[Setting]:
    """The settings that open a directory for writing."""
    for key in KEYS:
        if key.kind is Kind.DIRECTORY and Access.WRITE in key.access:
            yield from settings.all(key.name)
