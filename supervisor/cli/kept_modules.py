"""The compiled modules that commands load, kept in one file and found there without a search.

To look for each module, and to open, read and check a file for it, takes a start a seventh of its
time. The file lies in `__pycache__` beside this one and counts as what Python keeps there does:
who may write it may write nono itself, a sandbox may not, and a module counts while its source has
the time and the size that it had. What is not found in it is imported as ever, and is in it the
next time (`keep_modules.py`).

This is loaded before every other module, and so loads next to nothing.
"""

from __future__ import annotations

import errno
import marshal
import os
import stat
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import MAGIC_NUMBER, ExtensionFileLoader, SourceFileLoader
from _imp import source_hash

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which is among what is kept
    from collections.abc import Sequence
    from types import CodeType, ModuleType
    from typing import Any

    from nono.supervisor.cli.kept_data import Kept

    Entry = tuple[str, str | None, list[str] | None, list[str] | None, int, int, int, int]
    """A module's source, where Python keeps it compiled, the path of its package or None for the
    interpreter's, its own path where it is a package; the source's time in nanoseconds and its
    size; where its code begins after this index, and its length, which is 0 for one in C."""
    Together = tuple[list[str], bool, list[tuple[int, int]]]
    """Names of modules, and whether a second start has confirmed them; then where after this index
    their code is once more, in their order, and the lengths of these pieces."""

HEAD_BYTES = 16
"""The length of the index, and its hash: what a disk has spoilt is not read further."""
_MAX_INDEX_BYTES = 1 << 22
_PACKAGE = "nono."
_STDERR = 2


class KeptModules:
    """What finds the modules of one such file. It stands first in `sys.meta_path`."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.entries: dict[str, Entry] = {}
        self.texts: dict[str, CodeType] = {}
        """What functions that are made at run time come to: `nono.broker.compiled`."""
        self.patterns: dict[tuple[object, ...], tuple[Any, ...]] = {}
        """What regular expressions come to: the same."""
        self.data: Kept = {}
        """What is in data files: `kept_data.py`."""
        self.together: dict[str, Together] = {}
        """What is loaded before anything asks for it, by the kind of start."""
        self.finished: list[str] = []
        """The modules that were loaded from the file so far: each after those that it needs."""
        self.is_stale = False
        """True when a module of nono's is another one than the file has."""
        self._known_texts = 0
        self._known_patterns = 0
        self._known_data = dict(self.data)
        self._before = frozenset(sys.modules)
        self._own = os.path.dirname(os.path.realpath(sys.argv[0]))
        self._fd = -1
        self._which = (-1, -1)
        self._body = 0
        self._path: list[str] = []

    def open(self) -> None:
        """Read what is kept. Where the file is missing, odd or another version's it is nothing."""
        try:
            fd = os.open(self.file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            if fd <= _STDERR:  # a stream that nono was started without stays closed
                os.close(fd)
                return
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                os.close(fd)
                return
            self._fd, self._which = fd, (found.st_dev, found.st_ino)
            found_head = self._read(HEAD_BYTES, 0)
            length = int.from_bytes(found_head[:8], "little")
            index = self._read(min(length, _MAX_INDEX_BYTES), HEAD_BYTES)
            if found_head == head(index):
                version, path, entries, texts, patterns, data, together = marshal.loads(index)
                if version == version_of_code():
                    self._path, self.entries, self._body = path, entries, HEAD_BYTES + length
                    self.texts, self.patterns, self.data = texts, patterns, data
                    self.together = together
                    self._known_texts, self._known_data = len(texts), dict(data)
                    self._known_patterns = len(patterns)
        except (OSError, ValueError, EOFError, TypeError):
            return

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Where a module is, if that is kept and nothing about it has changed."""
        entry = self.entries.get(name)
        if entry is None:
            return None
        source, cached, found_in, places, _, _, _, length = entry
        is_good = (self.searched() if path is None else path) == (found_in or self._path)
        if is_good:
            try:
                is_good = is_same(entry, os.stat(source))
            except OSError:
                is_good = False
        if not is_good:
            self.is_stale |= name.startswith(_PACKAGE)
            return None
        if length:
            loader: KeptLoader | ExtensionFileLoader = KeptLoader(name, source, self)
        else:
            loader = ExtensionFileLoader(name, source)
        spec = ModuleSpec(name, loader, origin=source)
        spec.submodule_search_locations = None if places is None else [*places]
        spec.cached = cached
        spec.has_location = True
        return spec

    def code(self, name: str) -> bytes:
        """The code of a module of the file, as `marshal` writes it. Raises OSError."""
        _, _, _, _, _, _, at, length = self.entries[name]
        return self.part(at, length)

    def part(self, at: int, length: int) -> bytes:
        """What is there after the index. Raises OSError."""
        return self._read(length, self._body + at)

    def together_in(
        self, piece: tuple[int, int], room: bytearray
    ) -> list[tuple[str, CodeType | None]]:
        """Names of modules that are loaded together, and the code of those that have it there.

        They are read into `room` where there is enough. Raises OSError, and what `marshal` raises.
        """
        at, length = piece
        found: list[tuple[str, CodeType | None]] = marshal.loads(
            self._read_into(room, length, self._body + at)
        )
        return found

    def _read(self, length: int, at: int) -> bytes:
        self._require_file()
        return os.pread(self._fd, length, at)

    def _read_into(self, room: bytearray, length: int, at: int) -> memoryview:
        if length > len(room):
            return memoryview(self._read(length, at))
        self._require_file()
        view = memoryview(room)[:length]
        return view[: os.preadv(self._fd, [view], at)]

    def _require_file(self) -> None:
        found = os.fstat(self._fd)
        if (found.st_dev, found.st_ino) != self._which:
            raise OSError(errno.EBADF, "closed, and another file's by now")

    def searched(self) -> list[str]:
        """Where modules are looked for, but for the directory of the command, if that is one."""
        return sys.path[sys.path[:1] == [self._own] :]

    def wants(self) -> bool:
        """True when a module of nono's was loaded that was not found here, and may be kept.

        Whoever may not write there, as most users of what is installed for all, loses no time.
        """
        entries, before = self.entries, self._before
        lacks = self.is_stale or len(self.texts) > self._known_texts
        lacks = lacks or self.data != self._known_data
        lacks = lacks or len(self.patterns) > self._known_patterns
        lacks = lacks or any(
            name.startswith(_PACKAGE) and name not in entries and name not in before
            for name in [*sys.modules]  # a thread may import still
        )
        return lacks and self.may_be_written()

    def may_be_written(self) -> bool:
        """True where compiled modules are kept, and by this user."""
        directory = os.path.dirname(self.file)
        if sys.dont_write_bytecode:
            return False
        there = directory if os.path.isdir(directory) else os.path.dirname(directory)
        return os.access(there, os.W_OK)

    def loaded(self) -> list[str]:
        """The modules that were loaded since this was made."""
        return [name for name in [*sys.modules] if name not in self._before]


class KeptLoader(SourceFileLoader):
    """Python's own, but for where the code comes from."""

    def __init__(self, name: str, path: str, kept: KeptModules) -> None:
        self.name = name
        self.path = path
        self._kept = kept

    def get_code(self, fullname: str) -> CodeType | None:
        """The code that is kept; otherwise as the source has it."""
        try:
            code: CodeType = marshal.loads(self._kept.code(fullname))
        except (OSError, ValueError, EOFError, TypeError, MemoryError):
            self._kept.is_stale = True
            return super().get_code(fullname)
        return code

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        self._kept.finished.append(module.__name__)


def is_same(entry: Entry, found: os.stat_result) -> bool:
    """True where a source that is found now is the one that the entry is of."""
    return found.st_mtime_ns == entry[4] and found.st_size == entry[5]


def head(index: bytes) -> bytes:
    """What stands before an index."""
    return len(index).to_bytes(8, "little") + source_hash(0, index)


def version_of_code() -> tuple[bytes, int]:
    """What a code object is good for alone."""
    return MAGIC_NUMBER, sys.flags.optimize


def use_kept_modules() -> KeptModules | None:
    """Import from the file from now on; None where Python keeps compiled modules elsewhere."""
    if sys.pycache_prefix is not None or sys.implementation.cache_tag is None:
        return None
    name = f"modules.{sys.implementation.cache_tag}.kept"
    kept = KeptModules(os.path.join(os.path.dirname(__file__), "__pycache__", name))
    kept.open()
    sys.meta_path.insert(0, kept)
    return kept
