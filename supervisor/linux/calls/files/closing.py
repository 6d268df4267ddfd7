"""Changes that take from a directory's owner the right to list it (r) or to search it (x).

A start looks for what it has to refuse: other names of a refused file, repositories, what patterns
match. A program that closes a directory above such a thing would hide it from the next start, and
open the directory again then. So who closes a directory needs more than the right to change it:
nothing at or below it may be refused or asked about (`CLOSING` in `broker/requests.py`).
What the owner has not got already, nobody takes: a directory of mode 0311 may become 0300. Root
could close one to who owns it by another owner, too.
Sources: inode(7), acl(5), linux/posix_acl_xattr.h.
"""

from __future__ import annotations

import os
import stat
import struct

_LOOKING = stat.S_IRUSR | stat.S_IXUSR
_ACCESS_LIST = b"system.posix_acl_access"
_DEFAULT_LIST = b"system.posix_acl_default"
"""For what is made in the directory later, where nothing was before."""
_OF_FILE_SYSTEM = b"system."
"""Access lists of NFS and others, which are not read here."""
_VERSION, _ENTRY = struct.Struct("<I"), struct.Struct("<HHI")
_USER_OBJ = 1


def closes(before: int, after: int) -> bool:
    """Whether a change from one mode to another takes something from a directory's owner."""
    return stat.S_ISDIR(before) and bool(before & ~after & _LOOKING)


def takes_owner(before: os.stat_result, owner: int) -> bool:
    """Whether a directory gets another owner; -1 leaves it the one that it has: chown(2)."""
    return stat.S_ISDIR(before.st_mode) and owner not in (-1, before.st_uid)


def left_by_attribute(key: bytes, value: bytes | None) -> int:
    """The owner's part of the mode that there may be once an extended attribute is set, or with
    None removed; nothing where that cannot be told."""
    if key == _ACCESS_LIST:
        return stat.S_IRWXU if value is None else _left_by(value)
    return 0 if key.startswith(_OF_FILE_SYSTEM) and key != _DEFAULT_LIST else stat.S_IRWXU


def _left_by(access_list: bytes) -> int:
    """What it says of the owner. One that says nothing of it the kernel takes for none."""
    entries = access_list[_VERSION.size :]
    whole = len(entries) - len(entries) % _ENTRY.size
    given = [right for tag, right, _ in _ENTRY.iter_unpack(entries[:whole]) if tag == _USER_OBJ]
    left = stat.S_IRWXU
    for right in given:
        left &= right << 6
    return left
