"""Importing all of nono that a sandbox may need, before its first program is started.

The command may import what it needs while the program runs: nobody changes a directory of its
sys.path. In a host program sys.path may hold the very directory that the sandbox works in, and a
module that is put there comes before one of the standard library's.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from functools import cache

_ROOMS = ("audit", "credentials", "decisions", "network", "session")
_ROOMS_TO_ASK = ("asking/waiting",)
_ALSO_TO_ASK = (
    "nono.broker.asking.surroundings",
    "nono.broker.learning.generalise",
    "nono.supervisor.learning.observe",
    "nono.supervisor.learning.own_state",
)
_NOT_LOADED = ("nono.supervisor.linux.machine_check", "nono.supervisor.macos.machine_check")
"""What only a command needs."""
_ALSO = (
    "difflib",
    "encodings.idna",
    "linecache",
    "nono.broker.caches",
    "nono.broker.explaining.explain",
    "nono.broker.explaining.git_directory",
    "nono.broker.explaining.remedies",
    "nono.broker.harmless",
    "nono.broker.policy.table",
    "nono.supervisor.planning.program.not_executed",
    "nono.supervisor.report.lines",
    "nono.supervisor.nursery",
    "stringprep",
    "termios",
    "tokenize",
    "traceback",
    "unicodedata",
)
"""What is otherwise imported in the middle of a function, by Python too."""


_ALSO_ON_LINUX = ("nono.shims.linux.journal",)


@cache
def load_everything() -> None:
    """Import it, once in a process."""
    for room in (*_ROOMS, "macos" if sys.platform == "darwin" else "linux"):
        _load(room)
    for name in (*_ALSO, *(_ALSO_ON_LINUX if sys.platform == "linux" else ())):
        importlib.import_module(name)


def load_what_plans() -> None:
    """What a plan is made by, which a command loads as far as its options need it."""
    _load("planning")


@cache
def load_what_resolves() -> None:
    """What dnspython imports with its first question, and for what an answer holds; once."""
    importlib.import_module("dns.asyncbackend").get_backend("trio")
    importlib.import_module("dns.rdata").load_all_types(False)


@cache
def load_what_asks() -> None:
    """What is needed besides where a callback answers; once in a process."""
    for room in _ROOMS_TO_ASK:
        _load(room)
    for name in _ALSO_TO_ASK:
        importlib.import_module(name)


def _load(room: str) -> None:
    top = os.path.dirname(os.path.dirname(__file__))
    package = "nono.supervisor." + room.replace("/", ".")
    for module in pkgutil.walk_packages([f"{top}/{room}"], f"{package}."):
        if module.name not in _NOT_LOADED:
            importlib.import_module(module.name)
