"""Modules that every start of a kind loads, loaded before anything asks for them.

To look for a module, to make it and to enter it takes the import system as long as the module's own
lines take. What two starts with the same options have both loaded before their first process is
loaded in one pass by the third: each after those that it needs, as they had it. A module that has
changed meanwhile is left out, and imported as ever by whoever needs it.
"""

from __future__ import annotations

import marshal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which is among what is kept
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec

    from nono.supervisor.cli.kept_modules import KeptModules

_MAX_KINDS = 24
_MAX_WORDS = 12
_MAX_LETTERS = 32
_STARTS = ("os.fork", "os.posix_spawn")
"""Audit events of what starts a process, the first of which is the program's."""
_PIECE = 8
"""So many modules are read at once: memory for more would be fresh from the kernel each time."""


def kind_of(arguments: Sequence[str]) -> str:
    """The command and the names of its options, which tell what a line loads; empty for an odd one.

    What belongs to the program that is run may be among them: that is one more kind.
    """
    words = [*arguments[:1]]
    for word in arguments[1:]:
        if word == "--":
            break
        if word.startswith("-"):
            words.append(word.partition("=")[0])
    if len(words) > _MAX_WORDS or any(len(word) > _MAX_LETTERS for word in words):
        return ""
    return " ".join(words)


class StartOfKind:
    """The start of a line of some kind, and what it loads."""

    def __init__(self, kept: KeptModules, kind: str) -> None:
        self._kept = kept
        self._kind = kind
        self._names, self._is_settled = kept.together.get(kind, ([], False))
        self._loaded: int | None = None
        """How many were loaded before the first process: what comes later is the program's."""

    def load(self) -> None:
        """Load what this kind is known to load; otherwise look what it does."""
        if self._is_settled:
            load(self._kept, self._names)
        elif self._kind and (self._names or len(self._kept.together) < _MAX_KINDS):
            sys.addaudithook(self._note)

    def _note(self, event: str, _arguments: object) -> None:
        if self._loaded is None and event in _STARTS:
            self._loaded = len(self._kept.finished)

    def is_new(self) -> bool:
        """True when what it loaded is worth being kept; it is in `together` then.

        Not while modules come from elsewhere: they are not in their order.
        """
        kept = self._kept
        wants = self._kind and not self._is_settled and kept.entries and not kept.wants()
        if not wants or not kept.may_be_written():
            return False
        if not self._names and len(kept.together) >= _MAX_KINDS:
            return False
        names = kept.finished[: self._loaded]
        confirmed = [name for name in names if name in set(self._names)]
        kept.together[self._kind] = (confirmed, True) if self._names else (names, False)
        return True


def load(kept: KeptModules, names: Sequence[str]) -> None:
    """Load modules in their order, as far as they are what they were, and nothing is odd."""
    try:
        for start in range(0, len(names), _PIECE):
            for name, code in kept.codes(names[start : start + _PIECE]).items():
                _load_one(kept, name, code)
    except Exception:
        return  # whoever needs the rest imports it, and is told what is wrong


def _load_one(kept: KeptModules, name: str, code: memoryview) -> None:
    """Load a module, unless it is there, or is another one by now. Raises what it raises."""
    parent, _, last = name.rpartition(".")
    above = sys.modules.get(parent)
    if name in sys.modules or (parent and above is None):
        return
    spec = kept.find_spec(name, None if above is None else above.__path__)
    if spec is None:
        return
    _make(name, spec, code)
    if above is not None:
        setattr(above, last, sys.modules[name])
    kept.finished.append(name)


def _make(name: str, spec: ModuleSpec, code: memoryview) -> None:
    """As the import system does it."""
    body = marshal.loads(code)
    module = type(sys)(name)
    said = vars(module)
    said.update(__spec__=spec, __loader__=spec.loader, __package__=spec.parent)
    said["__file__"] = spec.origin
    if spec.cached is not None:
        said["__cached__"] = spec.cached
    if spec.submodule_search_locations is not None:
        said["__path__"] = spec.submodule_search_locations
    sys.modules[name] = module
    try:
        exec(body, said)
    except BaseException:
        del sys.modules[name]
        raise
