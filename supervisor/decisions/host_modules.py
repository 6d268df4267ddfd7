"""A host program's own directories of modules, where its sandbox may write in them.

`python app.py` has the directory of app.py before the standard library, and the sandbox is often
let work in just that one. A `pickle.py` or a `nono/` that a program leaves there would be imported
by the host in place of the real one, in this process or when it is started again. The host's own
files are its own affair; what nono, Python and their packages import there is refused by name.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator

from nono.broker import (
    Effect,
    File,
    Glob,
    Origin,
    OriginKind,
    Rule,
    Subtrees,
    is_canonical,
    is_within,
)
from nono.broker.rules.access import CHANGING
from nono.broker.rules.paths import child
from nono.broker.rules.patterns import plain
from nono.supervisor import looks
from nono.supervisor.decisions.searched_modules import process_is_ours, search_path
from nono.supervisor.decisions.shadowing import names_in, shadowing
from nono.supervisor.places import here
from nono.supervisor.walk import Followed, way

_ORIGIN = Origin(OriginKind.BUILTIN, "modules that the host program imports")
_METADATA = ("*.dist-info", "*.egg-info")
"""What tells of an installed package, and which modules pydantic and keyring load as plugins."""
_OPTIONAL = ("aioquic", "anyio", "cloudpickle", "h2", "httpcore", "httpx", "numpy", "pyte")
"""What nono and dnspython use where it is installed."""


def host_modules(written: Iterable[str]) -> Iterator[Rule]:
    """The refusals of changes, if there are any; `written` are the directories that are opened."""
    if process_is_ours():
        return
    opened = list(written)
    known = set(search_path())
    ways = {way(os.path.join(here(), entry)) for entry in sys.path if entry not in known}
    passed = {each for led in ways for each in led.passed}
    paths: set[str] = set()
    for entry in sorted({led.end for led in ways}):
        if any(is_within(entry, each) for each in opened):
            names, between = _names(entry)
            paths |= names
            passed |= between
            for name in _METADATA:
                pattern = Glob(child(plain(entry), name))
                yield Rule(pattern, CHANGING, Effect.DENY, _ORIGIN)
    if paths:
        yield Rule(Subtrees({path: path for path in paths}), CHANGING, Effect.DENY, _ORIGIN)
    for path in sorted(passed - paths):
        if is_canonical(path) and any(is_within(path, each) for each in opened):
            yield Rule(File(path), CHANGING, Effect.DENY, _ORIGIN)


def _names(directory: str) -> tuple[set[str], set[str]]:
    """Canonical paths of the names, and of where those lead that are links; and what that hangs
    on."""
    found, passed = set(shadowing(directory, _OPTIONAL)), set[str]()
    followed = Followed()
    for name in names_in(directory):
        path = os.path.join(directory, name)
        if path in found and looks.islink(path):
            led = way(path, followed=followed)
            found.add(led.end)
            passed.update(led.passed)
    return {path for path in found if is_canonical(path) and path != "/"}, passed
