"""The library that programs load first, so that their opens for reading are the kernel's.

It is `shims/linux/preload.c`, built when nono is installed, where there was a compiler. A program
that has it is allowed nothing else: what it marks Landlock decides as it decides what nono
continues, and what Landlock refuses nono is asked about. It is left out where nono
decides more strictly than the floor, or has to see every open:

- a pattern refuses to read a name, which may be made later and which the floor does not know then;
- a refused file may have an open name that was not found, and a kernel rule belongs to the file;
- every call is recorded or learned from, or refused once it cannot be recorded;
- a file is another inside that the floor would open, or that the machine lacks.

A program built with ASan ends at once where the first library that it loads is not ASan's own: it
could not replace malloc(3) everywhere. It goes by the name under which the library was loaded. So
ours is named by a path with `libasan.so` in it, through an empty directory of nono's state; ours
replaces nothing that ASan does. (A program that has ASan in itself ends where such a library is
mapped, and goes by /proc/self/maps: there ours has its own name.) See asan_linux.cpp of
compiler-rt.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping

import nono.shims
from nono.broker import Access, Effect, File, Origin, OriginKind, Rule
from nono.supervisor import looks
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.places import canonical, make_private, platform, state_directory

_ORIGIN = Origin(OriginKind.BUILTIN, "nono's library for opens")
_ON_THE_WAY = "libasan.so"
_SEPARATING = frozenset(" :$")
"""What a path in LD_PRELOAD cannot hold: ld.so(8)."""


def library() -> str:
    """Its canonical path; empty where there is none, or none that LD_PRELOAD can name."""
    beside = os.path.dirname(nono.shims.__file__ or "")
    path = canonical(os.path.join(beside, "linux", "libpreload.so"))
    is_there = platform() == "linux" and can_be_named(path) and looks.access(path, os.R_OK)
    return path if is_there else ""


def can_be_named(path: str) -> bool:
    """Whether LD_PRELOAD can have it as one path."""
    return not _SEPARATING & set(path)


def readable() -> Iterator[Rule]:
    """The rule by which programs may load it."""
    path = library()
    if path:
        yield Rule(File(path), Access.READ, Effect.ALLOW, _ORIGIN)


def loaded_by(decisions: Decisions, copies: Iterable[str], required: bool) -> str:
    """The library, if programs of a run that decides so are to load it; else empty.

    `copies` are the files that the program is given nono's own instead of. `required` says that
    every call is refused once none can be recorded.
    """
    floor, witness = decisions.floor, decisions.witness
    if required or decisions.refuses_names or (witness is not None and witness.every_call):
        return ""
    if any(floor.covers(each, Access.READ) or not looks.exists(each) for each in copies):
        return ""
    path = library()
    return path if path and floor.covers(path, Access.READ) else ""


def named(library: str, env: Mapping[str, str]) -> str:
    """The library by the path that ASan takes for its own; by its own path where there can be none.

    `env` says where the state is kept.
    """
    place = os.path.join(canonical(state_directory(env)), _ON_THE_WAY)
    path = place + "/.." * place.count("/") + library
    try:
        make_private(place)
        is_same = os.path.samefile(path, library) and canonical(place) == place
    except OSError:
        return library
    return path if is_same and can_be_named(path) else library
