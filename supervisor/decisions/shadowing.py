"""The directories that PYTHONPATH names: what may not be put there, since nono would load it.

An interpreter that nono runs in has them before the standard library: a `ssl.py` there is loaded
in its place, and `sitecustomize.py` at every start (site(3) of Python's library). They are mostly
the sources that the program works on, so only such names are refused, unless nono or something
that it needs lies there itself. For whatever is imported later they are no place at all.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator
from importlib.machinery import all_suffixes

_AT_EVERY_START = frozenset({"sitecustomize", "usercustomize"})


def entries() -> list[str]:
    """The directories that the variable names, absolute."""
    named = [] if sys.flags.ignore_environment else os.environ.get("PYTHONPATH", "").split(":")
    return [_absolute(each) for each in named if each]


def holds_any(directory: str, modules: Collection[str]) -> bool:
    """Whether one of these modules could be loaded from the directory."""
    return any(name.partition(".")[0] in modules for name in _names(directory))


def leave(modules: Collection[str]) -> None:
    """Take the directories out of sys.path, but for those that hold one of these modules."""
    left = {each for each in entries() if not holds_any(each, modules)}
    sys.path[:] = [each for each in sys.path if _absolute(each) not in left]


def shadowing(directory: str, modules: Collection[str]) -> Iterator[str]:
    """The paths below the directory that would come before one of these modules, or Python's."""
    known = {*modules, *sys.stdlib_module_names, *_AT_EVERY_START}
    for name in known:
        yield os.path.join(directory, name)
        yield from (os.path.join(directory, name + suffix) for suffix in all_suffixes())
    if holds_any(directory, known):
        # Of a module that is loaded from here, what is compiled is loaded instead.
        yield os.path.join(directory, "__pycache__")


def _absolute(path: str) -> str:
    """The path itself where the working directory is gone."""
    try:
        return os.path.abspath(path)
    except FileNotFoundError:
        return path


def _names(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []
