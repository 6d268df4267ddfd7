"""SHA-256 by the interpreter's own module, as `random` takes its hash: `hashlib` loads OpenSSL.

That takes 4 ms, a thirtieth of a start, and little is hashed. The module has another name in each
of two versions, and an interpreter may be built without it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Protocol
else:
    Protocol = object


class Digest(Protocol):
    """What `hashlib.sha256` gives."""

    def digest(self) -> bytes: ...
    def hexdigest(self) -> str: ...


def _found() -> Callable[[bytes], Digest]:
    # What is not there is looked for in every place: the newer name is tried where there is one.
    names = ("_sha2", "_sha256") if hasattr(itertools, "batched") else ("_sha256", "_sha2")
    for name in (*names, "hashlib"):
        try:
            found: Callable[[bytes], Digest] = __import__(name).sha256
        except ImportError:
            continue
        return found
    raise ImportError("this Python has no SHA-256")


sha256 = _found()
