"""libseccomp by its one name: seccomp(3), ABI version 2.

pyseccomp asks `ctypes.util.find_library` for its libraries. That starts ldconfig, and where it
knows nothing, as with musl, a compiler out of PATH: a project's environment may be first there.
"""

from __future__ import annotations

import contextlib
import ctypes.util
from collections.abc import Iterator

SONAME = "libseccomp.so.2"
_NAMES = {"c": None, "seccomp": SONAME}
"""None is what is loaded already, as for dlopen(3)."""


@contextlib.contextmanager
def found_by_name() -> Iterator[None]:
    """While pyseccomp is imported: no program is started to look for what it needs."""
    search = ctypes.util.find_library

    def found(name: str) -> str | None:
        return _NAMES[name] if name in _NAMES else search(name)

    ctypes.util.find_library = found
    try:
        yield
    finally:
        ctypes.util.find_library = search
