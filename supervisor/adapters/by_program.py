"""A file by a program in the sandbox: where a link is on the way, or a name in /tmp is its own.

It has the rights of one, and is given so long and so much. What is no file, such as a FIFO, is none
to it; should it become one in between, the time ends it.
"""

from __future__ import annotations

SECONDS = 60.0
"""What one file may take."""
_READ = '[ -f "$1" ] && exec head -c "$2" -- "$1"'
_SAVE = (
    '[ ! -e "$1" ] || [ -f "$1" ] || exit 1; mkdir -p -- "$(dirname -- "$1")" && exec cat > "$1"'
)


def reading(path: str, max: int) -> list[str]:
    """Prints a file, and one byte more than `max` of one that is larger."""
    return ["/bin/sh", "-c", _READ, "sh", path, str(max + 1)]


def saving(path: str) -> list[str]:
    """Makes its input the whole content; directories that are lacking are made."""
    return ["/bin/sh", "-c", _SAVE, "sh", path]
