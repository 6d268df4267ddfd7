"""What is loaded together, as `kept_modules.py` finds it: code in pieces that are read at once.

What the code in a piece has in common, such as names, stands there once. It is bare
(`bare_code.py`) where it is nono's own or the interpreter's; that of others is as they made it.
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


def code_in_pieces(kept: KeptModules, entries: Mapping[str, Entry]) -> dict[str, CodeType]:
    """The code that is in pieces already, of modules that are what they were."""
    room = bytearray(ROOM_BYTES)
    found: dict[str, CodeType] = {}
    with contextlib.suppress(OSError, ValueError, EOFError, TypeError):
        for _, _, pieces in kept.together.values():
            for piece in pieces:
                found.update(kept.together_in(piece, room))
    before = kept.entries
    # All but where they are in the file tells which modules they are.
    same = {name for name in found if name in before and name in entries}
    same = {name for name in same if before[name][:-2] == entries[name][:-2]}
    return {name: found[name] for name in same}


def pieces_of(
    names: Sequence[str],
    entries: Mapping[str, Entry],
    whole: Mapping[str, bytes],
    made: dict[str, CodeType],
) -> Iterator[bytes]:
    """The pieces of these modules, in their order. The code made for them is in `made` then.

    Made from a source after it was looked at for its entry: one that changes in between is found
    to have changed.
    """
    codes: list[tuple[str, CodeType]] = []
    size = 0
    for name in names:
        if name not in entries:
            continue
        if name not in made:
            try:
                made[name] = _code(name, entries[name][0], whole[name])
            except (OSError, SyntaxError, ValueError, EOFError, TypeError):
                continue  # it is left to whoever imports it
        if codes and size + len(whole[name]) > ROOM_BYTES:
            yield marshal.dumps(codes)
            codes, size = [], 0
        codes.append((name, made[name]))
        size += len(whole[name])
    yield marshal.dumps(codes)


def _code(name: str, source: str, whole: bytes) -> CodeType:
    if name.partition(".")[0] in _BARE:
        return bare_code(SourceFileLoader(name, source).get_data(source), source)
    code: CodeType = marshal.loads(whole)
    return code
