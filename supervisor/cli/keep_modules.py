"""Writing the file of `kept_modules.py`: what it has already, and what was imported besides."""

from __future__ import annotations

import contextlib
import marshal
import os
import sys
from importlib.machinery import ExtensionFileLoader, ModuleSpec, SourceFileLoader
from typing import TYPE_CHECKING, Any

from nono.supervisor.cli.keep_together import code_in_pieces, pieces_of
from nono.supervisor.cli.kept_modules import KeptModules, head, is_same, version_of_code
from nono.supervisor.errors import StartError
from nono.supervisor.session.nested import require_listener

if TYPE_CHECKING:
    from nono.supervisor.cli.kept_data import Kept
    from nono.supervisor.cli.kept_modules import Entry, Together

_MAX_MODULES = 4096
_MAX_TEXTS = 2048
_MAX_PATTERNS = 512
_KINDS = SourceFileLoader, ExtensionFileLoader
_MODE = 0o644
"""As Python's own of a source that everybody may read; the umask takes from it."""


def keep_modules(kept: KeptModules) -> None:
    """Write the file anew, in one step. What cannot be written is not kept.

    Nor is anything inside another sandbox: that would refuse it, and tell of it.
    """
    try:
        require_listener()
    except StartError:
        return
    entries: dict[str, Entry] = {}
    body = _Body()
    for name in dict.fromkeys([*kept.loaded(), *kept.entries]):
        told = _told(name, kept)
        if told is not None and len(entries) < _MAX_MODULES:
            entries[name] = (*told[0], *body.put(told[1]))
    together = {} if kept.is_stale else _together(kept, entries, body)
    texts = kept.texts if len(kept.texts) <= _MAX_TEXTS else {}
    patterns = kept.patterns if len(kept.patterns) <= _MAX_PATTERNS else {}
    data = _data(kept, body)
    parts = version_of_code(), kept.searched(), entries, texts, patterns, data, together
    index = marshal.dumps(parts)
    with contextlib.suppress(OSError):
        _write(kept.file, [head(index), index, *body.parts])


class _Body:
    """What is in the file after its index."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self._end = 0

    def put(self, part: bytes) -> tuple[int, int]:
        """Where it is then, and its length."""
        at, self._end = self._end, self._end + len(part)
        self.parts.append(part)
        return at, len(part)


def _data(kept: KeptModules, body: _Body) -> Kept:
    found: Kept = {}
    for path, (time, size, text) in kept.data.items():
        with contextlib.suppress(OSError):  # otherwise it is read anew
            part = text if isinstance(text, bytes) else kept.part(*text)
            found[path] = time, size, body.put(part)
    return found


def _together(kept: KeptModules, entries: dict[str, Entry], body: _Body) -> dict[str, Together]:
    """What is loaded together, with its code where a second start has confirmed it."""
    made = code_in_pieces(kept, entries)
    found: dict[str, Together] = {}
    for kind, (names, is_settled, _) in kept.together.items():
        pieces = pieces_of(names, entries, made) if is_settled else ()
        found[kind] = names, is_settled, [body.put(piece) for piece in pieces]
    return found


def _write(path: str, parts: list[bytes]) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    new = f"{path}.{os.urandom(8).hex()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        with open(os.open(new, flags, _MODE), "wb") as file:
            file.writelines(parts)
        os.replace(new, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(new)
        raise


def _is_kept(name: str, kept: KeptModules, found: os.stat_result) -> bool:
    return name in kept.entries and is_same(kept.entries[name], found)


def _told(name: str, kept: KeptModules) -> tuple[tuple[Any, ...], bytes] | None:
    """What is told of a module besides its place in the file, and its code; None for no such."""
    if name not in sys.modules:
        entry = kept.entries[name]
        try:
            return (entry[:-2], kept.code(name)) if is_same(entry, os.stat(entry[0])) else None
        except OSError:
            return None
    spec: ModuleSpec | None = getattr(sys.modules[name], "__spec__", None)
    loader = None if spec is None else spec.loader
    if spec is None or spec.name != name or not isinstance(loader, _KINDS):
        return None
    source, parent = loader.path, sys.modules.get(name.rpartition(".")[0])
    try:
        # In this order: what changes in between is then found to have changed.
        found = os.stat(source)
        if isinstance(loader, SourceFileLoader):
            # Loaded from the file before, it may be of a source that was another one then.
            loader = loader if _is_kept(name, kept, found) else SourceFileLoader(name, source)
        code = loader.get_code(name)
    except (OSError, ImportError, SyntaxError, ValueError, MemoryError):
        return None
    places = spec.submodule_search_locations
    said = (
        source,
        spec.cached,
        None if parent is None else [*parent.__path__],
        None if places is None else [*places],
        found.st_mtime_ns,
        found.st_size,
    )
    return said, b"" if code is None else marshal.dumps(code)
