"""What is loaded together, as `kept_modules.py` finds it: code in pieces that are read at once.

What the code in a piece has in common, such as names, stands there once. It is bare
(`bare_code.py`), of nono's own modules and the interpreter's. That of others is not there once
more, nor any for a command that click reads: it looks at words, and takes longer by itself.
"""

from __future__ import annotations

import contextlib
import marshal
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.machinery import SourceFileLoader
from typing import TYPE_CHECKING

from nono.supervisor.cli.bare_code import bare_code
from nono.supervisor.cli.loaded_together import ROOM_BYTES

if TYPE_CHECKING:
    from types import CodeType

    from nono.supervisor.cli.kept_modules import Entry, KeptModules

_BARE = {"nono", *sys.stdlib_module_names}
_READER = "click"


def code_in_pieces(kept: KeptModules, entries: Mapping[str, Entry]) -> dict[str, CodeType]:
    """The code that is in pieces already, of modules that are what they were."""
    room = bytearray(ROOM_BYTES)
    found: dict[str, CodeType] = {}
    with contextlib.suppress(OSError, ValueError, EOFError, TypeError):
        for _, _, pieces in kept.together.values():
            for piece in pieces:
                inside = kept.together_in(piece, room)
                found.update({name: code for name, code in inside if code is not None})
    before = kept.entries
    # All but where they are in the file tells which modules they are.
    same = {name for name in found if name in before and name in entries}
    same = {name for name in same if before[name][:-2] == entries[name][:-2]}
    return {name: found[name] for name in same}


def pieces_of(
    names: Sequence[str], entries: Mapping[str, Entry], made: dict[str, CodeType]
) -> Iterator[bytes]:
    """The pieces of these modules, in their order: names, and the code of those that are bare.

    The code that is made for them is in `made` then.
    """
    found: list[tuple[str, CodeType | None]] = []
    size = 0
    for name in names:
        if name not in entries:
            continue
        code = None if _READER in names else _bare(name, entries[name][0], made)
        length = 0 if code is None else entries[name][-1]
        if found and size + length > ROOM_BYTES:
            yield marshal.dumps(found)
            found, size = [], 0
        found.append((name, code))
        size += length
    yield marshal.dumps(found)


def _bare(name: str, source: str, made: dict[str, CodeType]) -> CodeType | None:
    """The bare code of a module, if it is to be had.

    It is made after its source was looked at for its entry: one that changes in between is found to
    have changed.
    """
    if name not in made and name.partition(".")[0] in _BARE:
        with contextlib.suppress(OSError, SyntaxError, ValueError):
            made[name] = bare_code(SourceFileLoader(name, source).get_data(source), source)
    return made.get(name)
