"""AT_* of linux/fcntl.h: what calls that take a directory's descriptor take besides it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Final

AT_FDCWD: Final = -100
"""In the place of the descriptor: the working directory."""

AT_SYMLINK_NOFOLLOW: Final = 0x100
AT_REMOVEDIR: Final = 0x200
AT_HANDLE_FID: Final = 0x200
"""name_to_handle_at(2), Linux 6.5: a handle that identifies, where none can be opened."""
AT_SYMLINK_FOLLOW: Final = 0x400
AT_EMPTY_PATH: Final = 0x1000
"""With an empty path: what the descriptor itself refers to."""

ACCESS_MODE: Final = 0o3
"""The bits of O_RDONLY, O_WRONLY and O_RDWR in an open's flags. The O_ACCMODE of musl, which is
Python's there, has O_PATH in it as well."""
