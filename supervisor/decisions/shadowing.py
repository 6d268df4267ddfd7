"""The directories that PYTHONPATH and PATH name: what may not be put there, to be run as nono.

An interpreter that nono runs in has them before the standard library: a `ssl.py` there is loaded
in its place, and `sitecustomize.py` at every start (site(3) of Python's library). They are mostly
the sources that the program works on, so only such names are refused, unless nono or something
that it needs lies there itself. For whatever is imported later they are no place at all.
"""

from __future__ import annotations

import os
import sys
from _frozen_importlib_external import BYTECODE_SUFFIXES, SOURCE_SUFFIXES
from _imp import extension_suffixes
from collections.abc import Collection, Iterable, Iterator

from nono.supervisor import looks
from nono.supervisor.decisions.listed_places import absolute, elements, places
from nono.supervisor.descriptors import listdir

DEPENDENCIES = (
    "_cffi_backend",
    "annotated_types",
    "attr",
    "attrs",
    "backports",
    "cffi",
    "click",
    "cryptography",
    "dns",
    "h11",
    "idna",
    "importlib_metadata",
    "jaraco",
    "jeepney",
    "keyring",
    "lazy_importer",
    "more_itertools",
    "msgpack",
    "outcome",
    "pycparser",
    "pydantic",
    "pydantic_core",
    "pyseccomp",
    "secretstorage",
    "sniffio",
    "sortedcontainers",
    "trio",
    "typing_extensions",
    "typing_inspection",
    "zipp",
)
"""The modules of everything that an installation of nono brings with it."""

MODULES = frozenset({*DEPENDENCIES, "nono", "nono_sandbox", "keyrings", "_distutils_hack"})
"""Those of nono and of all that it depends on."""

_ASKED_FOR = frozenset(
    {"_sha2", "dbus", "gi", "org", "pywintypes", "sitecustomize", "usercustomize", "win32ctypes"}
)
"""What Python, we and our dependencies ask for at the start, and which is mostly not there."""

_SUFFIXES = (*SOURCE_SUFFIXES, *BYTECODE_SUFFIXES, *extension_suffixes())
"""As `importlib.machinery` has them, which a start does without."""


def entries(opened: Iterable[str] = ()) -> list[str]:
    """The directories that the variable names, absolute: from here, and from what is opened."""
    return [] if sys.flags.ignore_environment else [*places(elements("PYTHONPATH"), opened)]


def commands(opened: Iterable[str]) -> Iterator[str]:
    """Where somebody's shell finds `nono` before, or instead of, the one that runs."""
    listed = elements("PATH", if_empty=True)
    # bash(1) reads `~` in an element, too.
    for directory in places((*listed, *map(looks.expanduser, listed)), opened):
        yield os.path.join(directory, "nono")


def holds_any(directory: str, modules: Collection[str] = MODULES) -> bool:
    """Whether one of these modules could be loaded from the directory."""
    return any(name.partition(".")[0] in modules for name in names_in(directory))


def leave() -> None:
    """Take the directories out of sys.path, but for those that hold something of nono's."""
    left = {each for each in entries() if not holds_any(each)}
    sys.path[:] = [each for each in sys.path if absolute(each) not in left]


def shadowing(directory: str, more: Iterable[str] = ()) -> Iterator[str]:
    """The paths below the directory that would be loaded in the place of something else.

    `more` are modules besides those of nono, of what it depends on, and of Python.
    """
    known = {*MODULES, *sys.stdlib_module_names, *_ASKED_FOR, *more}
    for name in known:
        yield os.path.join(directory, name)
        yield from (os.path.join(directory, name + suffix) for suffix in _SUFFIXES)
    if holds_any(directory, known):
        # Of a module that is loaded from here, what is compiled is loaded instead.
        yield os.path.join(directory, "__pycache__")


def names_in(directory: str) -> list[str]:
    """What lies in it; nothing where it cannot be listed."""
    try:
        return listdir(directory)
    except OSError:
        return []
