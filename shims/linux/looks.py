"""Looks at the file system, many in one call, where that was compiled: see looks.c.

What it finds stays there: a digest of it comes back.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from nono.shims.errors import failure
from nono.shims.linux.lane import library
from nono.shims.linux.libc import ffi

KINDS = (
    *("lstat", "stat", "file", "links", "larger", "sources", "readlink", "access", "lists"),
    *("exist", "there", "directories", "folded", "linked", "listdir", "scandir", "inodes"),
    *("apart", "opened", "bytes", "identity", "settled", "leaf"),
)
"""In the order of `looks` in looks.c."""
MAX_MOST = 1 << 24
_ASKED = struct.Struct("=IIQQ")
_DIGEST_BYTES = 32


def can_look() -> bool:
    """Whether it was compiled."""
    compiled, _ = library()
    return compiled is not None


def packed(kind: str, words: Sequence[bytes], number: int, most: int) -> bytes:
    """One look as looks.c reads it. Raises ValueError, struct.error for what cannot be said so."""
    if any(b"\0" in word for word in words) or most > MAX_MOST:
        raise ValueError(words, most)
    head = _ASKED.pack(KINDS.index(kind), len(words), number, most)
    return b"".join([head, *(b"%b\0" % word for word in words)])


def digest(asked: bytes) -> bytes:
    """Make looks that are `packed`, one after the other. Raises OSError for odd ones."""
    compiled, _ = library()
    found = ffi.new(f"uint8_t[{_DIGEST_BYTES}]")
    result = compiled.nono_looks(ffi.from_buffer(asked), len(asked), found)
    if result < 0:
        raise failure(-result)
    return bytes(found)
