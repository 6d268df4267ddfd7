"""Directories that cannot be looked into, and that no program of ours comes into either.

Of these a system has many. Whoever searches the file system asks this where it is refused a
directory: what is in any other one is not seen, and a program may come to it all the same.
"""

from __future__ import annotations

import os

from nono.broker.rules.paths import lineage


def is_out_of_reach(directory: str) -> bool:
    """True for what others own and have closed to us; `directory` is a canonical path.

    One of our own can be opened by every program that we start, and names in one that may be
    searched lead on though nobody lists them. Where the way to it is closed, the first directory
    on it that can be seen decides. Nothing is out of root's reach: what refuses root to look, as
    a mount of somebody else's does, knows its programs by more than their number. What is not
    known is no reason to leave something out.
    """
    ours = {os.getuid(), os.geteuid()}
    if 0 in ours:
        return False
    for each in lineage(directory):
        try:
            owner = os.stat(each).st_uid
        except PermissionError:
            continue
        except (OSError, ValueError):
            return False
        return owner not in ours and not os.access(each, os.X_OK)
    return False
