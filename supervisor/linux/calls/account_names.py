"""Names of users and groups, for who is asked about an owner. Nothing is decided on them.

Only the machine's own files are read, and no name service is asked: a call waits for it meanwhile.
Sources: passwd(5), group(5).
"""

from __future__ import annotations

USERS, GROUPS = "/etc/passwd", "/etc/group"
_MAX_READ = 1 << 20


def with_name(number: int, file: str) -> str:
    """The number with the name that the file has for it, if it has one: `1000 (ann)`."""
    name = _name(number, file)
    return f"{number} ({name})" if name else str(number)


def _name(number: int, file: str) -> str:
    try:
        with open(file, "rb") as lines:
            text = lines.read(_MAX_READ)
    except OSError:
        return ""
    wanted = b"%d" % number
    for line in text.split(b"\n"):
        fields = line.split(b":", 3)
        if len(fields) == 4 and fields[2] == wanted:
            return fields[0].decode("utf-8", "replace")
    return ""
