"""libsandbox, and the parts of libSystem that come with it (cffi, no compiler, no parser).

It is not a file on today's disks: the loader has it in its cache, and finds it by this name.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from nono.shims.errors import ShimError
from nono.shims.macos import _libsandbox

ffi: Any = _libsandbox.ffi

PATH = "/usr/lib/libsandbox.1.dylib"


@cache
def library() -> Any:
    """The library, loaded once. Raises ShimError where there is none."""
    try:
        return ffi.dlopen(PATH)
    except OSError as error:
        raise ShimError(f"{PATH} cannot be loaded: {error}", "nono setup --check") from error
