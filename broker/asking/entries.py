"""Answers that are kept: what stands in a profile for what an answer opens."""

from __future__ import annotations

from nono.broker.asking.making import Opened
from nono.broker.learning.generalise import Surroundings
from nono.broker.rules.access import FLOOR_ACCESS, Access
from nono.broker.rules.host_patterns import AddressBlock, HostName, HostSuffix, LocalPort
from nono.broker.rules.paths import is_within
from nono.broker.rules.rule import File, Pattern, Subtree
from nono.broker.settings import Kind, granting

Entry = tuple[str, str | int]
"""A key of a profile, and a value of its list."""


def entries(pattern: Pattern, access: Access, around: Surroundings) -> tuple[Entry, ...]:
    """What a profile says to open this; nothing where no profile can.

    A path in the project is written by `$WORKDIR`, one in the home by `~`, as a person would.
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
    if around.workdir is not None and is_within(path, around.workdir):
        return "$WORKDIR" + path[len(around.workdir) :]
    if around.home != "/" and is_within(path, around.home):
        return "~" + path[len(around.home) :]
    return path


def entry_of(opened: Opened, around: Surroundings) -> str:
    """The lines that are written for an answer, as a person reads them; empty if there are none."""
    found = [entries(pattern, access, around) for pattern, access in opened]
    if not all(found):
        return ""
    return "; ".join(f"{key}: {value}" for each in found for key, value in each)
