"""Modules that every start of a kind loads, loaded before anything asks for them.

To look for a module, to make it and to enter it takes the import system as long as the module's own
lines take. What two starts with the same options have both loaded before their first process is
loaded in one pass by the third: each after those that it needs, as they had it. A module that has
changed meanwhile is left out, and imported as ever by whoever needs it.
"""

from __future__ import annotations

import builtins
import marshal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which is among what is kept
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType
    from typing import Any

    from nono.supervisor.cli.kept_modules import KeptModules, Together

_MAX_KINDS = 24
_MAX_WORDS = 12
_MAX_LETTERS = 32
_STARTS = ("os.fork", "os.posix_spawn")
"""Audit events of what starts a process, the first of which is the program's."""
ROOM_BYTES = 1 << 17
"""So much is read at once, into the same room each time: memory that is fresh from the kernel
takes as long as to read."""
_NOTHING: Together = ([], False, [])


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


this: list[StartOfKind] = []
"""The one of this process, if it is a start of the command."""


class StartOfKind:
    """The start of a line of some kind, and what it loads."""

    def __init__(self, kept: KeptModules, kind: str) -> None:
        self._kept = kept
        self._kind = kind
        self._names, self._is_settled, self._pieces = kept.together.get(kind, _NOTHING)
        self._loaded: int | None = None
        """How many were loaded before the first process: what comes later is the program's."""
        self._apart: dict[str, list[tuple[int, int]]] = {}
        """From which to which of them what not every such start needs was loaded."""

    def load(self) -> None:
        """Load what this kind is known to load; otherwise look what it does."""
        if self._is_settled:
            load(self._kept, self._pieces)
        elif self._kind and (self._names or len(self._kept.together) < _MAX_KINDS):
            sys.addaudithook(self._note)

    def begin(self, what: str) -> int:
        """Load what is known to be loaded for that; how many were."""
        load(self._kept, self._kept.together.get(self._kind_of(what), _NOTHING)[2])
        return len(self._kept.finished)

    def end(self, what: str, begin: int) -> None:
        """What was loaded since then is a kind of its own: not every such start needs it."""
        self._apart.setdefault(what, []).append((begin, len(self._kept.finished)))

    def _kind_of(self, what: str) -> str:
        return f"{self._kind} ({what})"

    def _note(self, event: str, _arguments: object) -> None:
        if self._loaded is None and event in _STARTS:
            self._loaded = len(self._kept.finished)

    def is_new(self) -> bool:
        """True when what it loaded is worth being kept; it is in `together` then.

        Not while modules come from elsewhere: they are not in their order.
        """
        kept = self._kept
        if not self._kind or not kept.entries or kept.wants() or not kept.may_be_written():
            return False
        apart = {what: self._loaded_in(spans) for what, spans in self._apart.items()}
        others = {name for names in apart.values() for name in names}
        names = [name for name in kept.finished[: self._loaded] if name not in others]
        found = [(self._kind, names), *((self._kind_of(what), apart[what]) for what in apart)]
        return any([self._confirm(kind, names) for kind, names in found])

    def _loaded_in(self, spans: Sequence[tuple[int, int]]) -> list[str]:
        return [name for begin, end in spans for name in self._kept.finished[begin:end]]

    def _confirm(self, kind: str, names: list[str]) -> bool:
        """True when that is worth being kept: it was not confirmed before."""
        together = self._kept.together
        before, is_settled, _ = together.get(kind, _NOTHING)
        if is_settled or not names or (not before and len(together) >= _MAX_KINDS):
            return False
        confirmed = [name for name in names if name in set(before)]
        together[kind] = (confirmed, True, []) if before else (names, False, [])
        return True


class apart:
    """What is loaded meanwhile is a kind of its own, where this process is such a start.

    A class of its own: contextlib, and what it needs, are among what is loaded together.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._begin = 0

    def __enter__(self) -> None:
        if this:
            self._begin = this[0].begin(self._what)

    def __exit__(self, kind: object, *error: object) -> None:
        if this and kind is None:
            this[0].end(self._what, self._begin)


def load(kept: KeptModules, pieces: Sequence[tuple[int, int]]) -> None:
    """Load modules in their order, as far as they are what they were, and nothing is odd."""
    room = bytearray(ROOM_BYTES)
    before = builtins.__import__
    builtins.__import__ = _import_with(before)
    try:
        for piece in pieces:
            for name, code in kept.together_in(piece, room):
                _load_one(kept, name, code)
    except Exception:
        return  # whoever needs the rest imports it, and is told what is wrong
    finally:
        builtins.__import__ = before


def _import_with(others: Callable[..., Any]) -> Callable[..., Any]:
    """What `import` calls meanwhile: nearly all that the modules here import is there already.

    The interpreter's own asks each module for its `__path__`, and before 3.12 makes the words of an
    error for each that is no package: a tenth of what loading takes.
    """
    modules = sys.modules

    def find(
        name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> Any:
        module = None if level else modules.get(name)
        if module is not None:
            said = module.__dict__
            if not fromlist:
                if "." not in name:
                    return module
            elif "__path__" not in said or said.keys() >= {*fromlist}:
                return module
        return others(name, globals, locals, fromlist, level)

    return find


def _load_one(kept: KeptModules, name: str, code: CodeType | None) -> None:
    """Load a module, unless it is there, or is another one by now. Raises what it raises."""
    parent, _, last = name.rpartition(".")
    above = sys.modules.get(parent)
    if name in sys.modules or (parent and above is None):
        return
    spec = kept.find_spec(name, None if above is None else above.__path__)
    if spec is None:
        return
    _make(name, spec, marshal.loads(kept.code(name)) if code is None else code)
    if above is not None:
        setattr(above, last, sys.modules[name])
    kept.finished.append(name)


def _make(name: str, spec: ModuleSpec, code: CodeType) -> None:
    """As the import system does it."""
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
        exec(code, said)
    except BaseException:
        del sys.modules[name]
        raise
