"""Writing the file of `kept_modules.py`: what it has already, and what was imported besides."""

from __future__ import annotations

import contextlib
import marshal
import os
import sys
from importlib.machinery import ExtensionFileLoader, ModuleSpec, SourceFileLoader
from typing import TYPE_CHECKING, Any

from nono.supervisor.cli.kept_modules import (
    KeptModules,
    head,
    is_same,
    version_of_code,
)
from nono.supervisor.errors import StartError
from nono.supervisor.session.nested import require_listener

if TYPE_CHECKING:
    from nono.supervisor.cli.kept_modules import Entry

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
    codes: list[bytes] = []
    at = 0
    together = {} if kept.is_stale else kept.together
    # What is loaded together lies together.
    first = [name for names, _ in together.values() for name in names]
    loaded = {*kept.loaded()}
    first = [name for name in first if name in loaded or name in kept.entries]
    for name in dict.fromkeys([*first, *kept.loaded(), *kept.entries]):
        told = _told(name, kept)
        if told is not None and len(entries) < _MAX_MODULES:
            code = told[1]
            entries[name] = (*told[0], at, len(code))
            codes.append(code)
            at += len(code)
    texts = kept.texts if len(kept.texts) <= _MAX_TEXTS else {}
    patterns = kept.patterns if len(kept.patterns) <= _MAX_PATTERNS else {}
    parts = version_of_code(), kept.searched(), entries, texts, patterns, kept.data, together
    index = marshal.dumps(parts)
    with contextlib.suppress(OSError):
        _write(kept.file, [head(index), index, *codes])


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
