"""Answers that are kept: what stands in a profile for what an answer opens."""

from __future__ import annotations

from nono.broker.asking.offers.making import Opened
from nono.broker.learning.generalise import Surroundings
from nono.broker.rules.access import FLOOR_ACCESS, Access
from nono.broker.rules.host_patterns import AddressBlock, HostName, HostSuffix, LocalPort
from nono.broker.rules.paths import is_within
from nono.broker.rules.rule import File, Pattern, Subtree
from nono.broker.settings import Kind, flag, granting

_LIST = "filesystem.list"
_NOWHERE = Surroundings("/", None)
Entry = tuple[str, str | int]
"""A key of a profile, and a value of its list."""


def entries(pattern: Pattern, access: Access, around: Surroundings) -> tuple[Entry, ...]:
    """What a profile says to open this; nothing where no profile can.

    A path in the home is written by `~`. None is relative to the working directory: an answer is
    about this project, and not about every other one of the same profile.
    """
    match pattern:
        case File(path):
            return _path(path, Kind.FILE, access, around)
        case Subtree(path):
            return _path(path, Kind.DIRECTORY, access, around)
        case HostName() | HostSuffix() | AddressBlock():
            return tuple(("network.allow_domain", each) for each in pattern.spelled.split(", "))
        case LocalPort(port) if Access.CREATE in access:
            return (("network.listen_port", port),)
        case LocalPort(port):
            return (("network.open_port", port),)
    return ()


def _path(path: str, kind: Kind, access: Access, around: Surroundings) -> tuple[Entry, ...]:
    key = granting(access & FLOOR_ACCESS, kind)
    text = _spelled(path, around)
    return () if key is None or text is None else ((key.name, text),)


def _spelled(path: str, around: Surroundings) -> str | None:
    """The path as a profile has it; None for one that no profile can name."""
    if any(character in path for character in "$*?[") or not path.isprintable():
        return None
    if around.home != "/" and is_within(path, around.home):
        return "~" + path[len(around.home) :]
    return path


def flags_of(pattern: Pattern, access: Access) -> tuple[str, ...]:
    """The arguments of the command line that open this; none where no flag does, or where the
    path cannot be shown as it is."""
    found = [
        part
        for key, value in entries(pattern, access, _NOWHERE)
        for part in (flag(key), str(value))
    ]
    return tuple(found)


def list_flags(directory: str) -> tuple[str, ...]:
    """The same to read the names in a directory, and nothing below it."""
    return tuple(part for key, value in listed(directory, _NOWHERE) for part in (flag(key), value))


def kept_of(opened: Opened, around: Surroundings) -> tuple[Entry, ...]:
    """What is written for an answer; nothing if a part of it cannot be."""
    found = [entries(pattern, access, around) for pattern, access in opened]
    return tuple(each for some in found for each in some) if all(found) else ()


def listed(path: str, around: Surroundings) -> tuple[tuple[str, str], ...]:
    """What is written for the names in a directory, and nothing below it."""
    text = _spelled(path, around)
    return () if text is None else ((_LIST, text),)
