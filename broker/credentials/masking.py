"""Making a real key unreadable in what a service answers: some repeat it in their errors.

What is found is overwritten by as many asterisks, so no length changes.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from urllib.parse import quote

_STAR = b"*"
_TOLD = 3


class Mask:
    """One key in the forms that it is repeated in: plain, as JSON and URLs have it, in base64."""

    def __init__(self, key: bytes) -> None:
        self._patterns = sorted(set(_forms(key)), key=len, reverse=True)
        self._regex = re.compile(b"|".join(map(re.escape, self._patterns)))
        self._longest = len(self._patterns[0])

    def __repr__(self) -> str:
        return "Mask(...)"

    def covered(self, data: bytes) -> bytes:
        """The same with the key masked."""
        return self._regex.sub(lambda match: _STAR * len(match[0]), data)

    def text(self, text: str) -> str:
        """The same for text."""
        return self.covered(text.encode("utf-8", "surrogateescape")).decode(
            "utf-8", "surrogateescape"
        )

    def beginning(self, data: bytes) -> int:
        """Where the end of `data` may be the beginning of a key; its length where it is not."""
        start = max(0, len(data) - self._longest + 1)
        found = len(data)
        for pattern in self._patterns:
            at = data.find(pattern[:1], start, found)
            while at != -1:
                if pattern.startswith(data[at:]):
                    found = at
                    break
                at = data.find(pattern[:1], at + 1, found)
        return found


class Masking:
    """A stream on its way: only what may be the beginning of the key is held back.

    At its end, at most 3 bytes that may be one are passed on: a message that ends with an `s` must
    not wait for the next one until it is complete. When the key does follow, its rest is masked.
    """

    def __init__(self, mask: Mask) -> None:
        self._mask = mask
        self._told = b""
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """What can be passed on now."""
        told = len(self._told)
        data = self._mask.covered(self._told + self._held + data)
        start = self._mask.beginning(data)
        end = max(told, start) if len(data) - start > _TOLD else len(data)
        self._told, self._held = data[start:end], data[end:]
        return data[told:end]

    def finish(self) -> bytes:
        """The rest, at the end of the stream."""
        rest, self._held = self._held, b""
        return rest


def _forms(key: bytes) -> Iterator[bytes]:
    yield key
    yield key.lower()  # in the name of a header, which we pass on in lower case
    yield key.replace(b"/", rb"\/")
    for safe in ("", "/", ":", "/:"):
        quoted = quote(key, safe=safe).encode()
        yield quoted
        yield re.sub(rb"%[0-9A-F]{2}", lambda match: match[0].lower(), quoted)
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield from _in_base64(key, encode)
    yield key.hex().encode()
    yield key.hex().upper().encode()


def _in_base64(key: bytes, encode: object) -> Iterator[bytes]:
    """The characters that the key alone decides, whatever stands before and behind it."""
    assert callable(encode)
    for before in range(3):
        encoded: bytes = encode(bytes(before) + key)
        first = (before * 8 + 5) // 6
        last = (before + len(key)) * 8 // 6
        yield encoded[first:last]
