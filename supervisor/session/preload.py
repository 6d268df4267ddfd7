"""The library for opens, as programs of a run are told to load it (`decisions/preloaded`).

A program built with ASan ends at once where the first library that it loads is not ASan's own: it
could not replace malloc(3) everywhere. It goes by the name under which the library was loaded. So
ours is named by a path with `libasan.so` in it, through an empty directory; ours replaces nothing
that ASan does. (A program that has ASan in itself ends where such a library is mapped, and goes by
/proc/self/maps: there ours has its own name.) See asan_linux.cpp of compiler-rt.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from nono.supervisor.decisions.preloaded import can_be_named, loaded_by
from nono.supervisor.places import canonical, make_private, state_directory

if TYPE_CHECKING:
    from nono.supervisor.audit.writer import AuditOptions
    from nono.supervisor.decisions.always import Complete
    from nono.supervisor.decisions.decide import Decisions

_ON_THE_WAY = "libasan.so"


def preload(
    made: Complete,
    decisions: Decisions,
    audit: AuditOptions | None,
    env: Mapping[str, str],
) -> str:
    """What programs are to load first; empty for nothing. `env` says where the state is kept."""
    if made.is_by_name:
        return ""
    required = audit is not None and audit.required
    copies = {**made.copies, **made.cleaned}
    library = loaded_by(decisions, copies, required)
    return library and named(library, env)


def named(library: str, env: Mapping[str, str]) -> str:
    """The library by such a path; by its own where there can be none."""
    place = os.path.join(canonical(state_directory(env)), _ON_THE_WAY)
    path = place + "/.." * place.count("/") + library
    try:
        make_private(place)
        is_same = os.path.samefile(path, library) and canonical(place) == place
    except OSError:
        return library
    return path if is_same and can_be_named(path) else library
