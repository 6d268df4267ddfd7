"""Variables that list places, taken apart as their readers do it.

An empty element is the current directory to shells, to ld.so(8) and to Python. A relative one is
another place wherever a person starts nono the next time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from nono.supervisor.places import here


def elements(variable: str, separators: str = ":", *, if_empty: bool = False) -> list[str]:
    """What stands between the separators, `.` for what is empty.

    None of a variable that is empty as a whole, which most readers take for none at all; with
    `if_empty` it is the current directory.
    """
    value = os.environ.get(variable)
    if value is None or not (value or if_empty):
        return []
    for other in separators[1:]:
        value = value.replace(other, separators[0])
    return [each or os.curdir for each in value.split(separators[0])]


def places(named: Iterable[str], opened: Iterable[str]) -> Iterator[str]:
    """The absolute paths: seen from here, and from each of the directories that are opened.

    One with `..` is the kernel's to follow for some readers, and text for others, as Python's
    site(3): it is both.
    """
    listed = list(dict.fromkeys(named))
    yield from map(absolute, listed)
    yield from (_joined(each) for each in listed if _goes_up(each))
    relative = [each for each in listed if not os.path.isabs(each)]
    for directory in opened if relative else ():
        for each in relative:
            path = os.path.join(directory, each)
            yield os.path.normpath(path)
            if _goes_up(each):
                yield path


def _goes_up(path: str) -> bool:
    return os.pardir in path.split("/")


def _joined(path: str) -> str:
    return path if os.path.isabs(path) else os.path.join(here(), path)


def absolute(path: str) -> str:
    """The path itself where the working directory is gone."""
    try:
        return os.path.abspath(path)
    except FileNotFoundError:
        return path
