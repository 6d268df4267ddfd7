"""What the dynamic linker may load into nono, or into another program, out of listed directories.

It looks for every library in the directories of LD_LIBRARY_PATH before its own: ld.so(8). One that
a person works in stays open but for the names that it looks for there: those of all libraries of
this machine, which any program may ask for, and those that nono's own files need. Others of these
directories are closed as a whole.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Iterable, Iterator
from itertools import product

from nono.broker import is_within
from nono.broker.compiled import pattern_of
from nono.supervisor import looks
from nono.supervisor.decisions.listed_places import elements, places
from nono.supervisor.descriptors import bytes_of
from nono.supervisor.places import canonical
from nono.supervisor.planning.git.git_files import regular_file

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import BinaryIO

_PRELOADED = (("LD_PRELOAD", ": "), ("LD_AUDIT", ":"), ("LD_AUDIT", ": "))
_CACHE = "/etc/ld.so.cache"
_SWITCH = "/etc/nsswitch.conf"
_MAX_BYTES = 1 << 24
_NAME = rb"[\w.+-]+\.so[\w.+-]*(?=\0)"
_COMMENT = "#.*"
_SERVICE = r"\w+"

_ASKED_FOR = frozenset({"libgcc_s.so.1", "libidn2.so.0", "libseccomp.so", "libseccomp.so.2"})
"""What is looked for while a program runs: by the C library, and by our dependencies."""

_BY_MACHINE = ("atomics", "avx512_1", "glibc-hwcaps", "haswell", "tls", "xeon_phi")
"""Directories in each that it looks in first, for libraries made for this machine."""
_TOKEN = r"\$(?:\{(ORIGIN|LIB|PLATFORM)\}|(ORIGIN|LIB|PLATFORM))"


def shared_libraries(opened: Iterable[str], own_files: Iterable[str]) -> Iterator[str]:
    """The paths that are not the program's to change.

    `opened` are directories that a person may start nono in, `own_files` what nono may load.
    """
    opened = list(opened)
    named = {each for variable in _PRELOADED for each in _split(*variable)} - {os.curdir}
    yield from places((each for each in named if "/" in each), opened)
    listed = list(places(_split("LD_LIBRARY_PATH", ":;"), opened))
    here = places((os.curdir,), opened)  # a relative one is gone, and holds nothing
    worked_in = [canonical(each) for each in here if os.path.isabs(each)]
    shared = []
    for directory in dict.fromkeys(listed):
        if any(is_within(each, canonical(directory)) for each in worked_in):
            shared.append(directory)
        else:
            yield directory
    if shared:
        looked_for = {each for each in named if "/" not in each} | sonames(own_files)
        for directory in shared:
            yield from _in_directory(directory, looked_for)


def sonames(own_files: Iterable[str]) -> set[str]:
    """The names of libraries that may be looked for."""
    found = {
        *_ASKED_FOR,
        *(os.fsdecode(each) for each in pattern_of(_NAME).findall(bytes_of(_CACHE, _MAX_BYTES))),
    }
    switch = pattern_of(_COMMENT).sub("", os.fsdecode(bytes_of(_SWITCH, _MAX_BYTES)))
    found |= {f"libnss_{each}.so.2" for each in pattern_of(_SERVICE).findall(switch)}
    for path in dict.fromkeys(own_files):
        found |= needed(path)
    return found


def needed(path: str) -> set[str]:
    """The names of the libraries that a file asks for; none of what is no ELF file: elf(5)."""
    try:
        with open(path, "rb", opener=regular_file) as file:
            return {os.fsdecode(each) for each in _needed(file) if each and b"/" not in each}
    except (OSError, struct.error, ValueError):
        return set()


_DYNAMIC, _LOADED = 2, 1
_END, _NEEDED, _STRINGS, _STRINGS_SIZE = 0, 1, 5, 10


def _needed(file: BinaryIO) -> list[bytes]:
    """Raises OSError, struct.error for a file that is cut off."""
    head = file.read(64)
    if head[:4] != b"\x7fELF":
        return []
    wide, order = head[4] == 2, "<" if head[5] == 1 else ">"
    table = struct.unpack_from(order + ("Q" if wide else "I"), head, 32 if wide else 28)[0]
    size, count = struct.unpack_from(order + "HH", head, 54 if wide else 42)
    segments = []
    for index in range(count):
        content = _read(file, table + index * size, size)
        kind = struct.unpack_from(order + "I", content)[0]
        where = struct.unpack_from(order + ("8xQQ8xQ" if wide else "4xII4xI"), content)
        segments.append((kind, *where))
    said: list[tuple[int, int]] = []
    for kind, offset, _, length in segments:
        if kind == _DYNAMIC:
            content = _read(file, offset, length)
            pair = struct.Struct(order + ("qQ" if wide else "iI"))
            said = list(pair.iter_unpack(content[: length - length % pair.size]))
    values = dict(reversed(said))
    at = values.get(_STRINGS, 0)
    for kind, offset, address, length in segments:
        if kind == _LOADED and address <= at < address + length:
            strings = _read(file, offset + at - address, values.get(_STRINGS_SIZE, 0))
            return [strings[v:].split(b"\0", 1)[0] for tag, v in said if tag == _NEEDED]
    return []


def _read(file: BinaryIO, offset: int, length: int) -> bytes:
    file.seek(offset)
    return file.read(min(length, _MAX_BYTES))


def _in_directory(directory: str, names: Iterable[str]) -> Iterator[str]:
    machine = os.path.join(directory, os.uname().machine)
    for each in (directory, machine):
        yield from (os.path.join(each, name) for name in names)
        yield from (os.path.join(each, name) for name in _BY_MACHINE)
    yield os.path.join(machine, os.uname().machine)


def _split(variable: str, separators: str) -> Iterator[str]:
    """The elements, and those with what the linker may put in the place of a token."""
    for each in elements(variable, separators):
        yield each
        if pattern_of(_TOKEN).search(each):
            yield from (_replaced(each, *values) for values in product(*_values()))


def _values() -> tuple[set[str], tuple[str, ...], tuple[str, ...]]:
    """What $ORIGIN, $LIB and $PLATFORM may stand for in nono's own process."""
    machine = os.uname().machine
    programs = {sys.executable, looks.realpath(sys.executable)}
    return (
        {os.path.dirname(each) for each in programs},
        ("lib", "lib64", f"lib/{machine}-linux-gnu"),
        (machine, "haswell", "xeon_phi"),
    )


def _replaced(text: str, origin: str, library: str, platform: str) -> str:
    values = {"ORIGIN": origin, "LIB": library, "PLATFORM": platform}
    return pattern_of(_TOKEN).sub(lambda match: values[match[1] or match[2]], text)
