"""Calls of which it is plain that they are none that nobody is asked about.

Those change what runs by itself later, or use a file that has other names: `opened_later.py` finds
out, which takes a look at directories, in a thread of its own. What reads a file with one name, or
uses no path, needs no such look.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

from nono.broker import Policy, Request
from nono.broker.requests import PathRequest
from nono.broker.rules.access import CHANGING


def is_plain(policy: Policy, requests: Iterable[Request]) -> bool:
    """Whether nothing has to be found out. For the thread that has just resolved the paths.

    One lstat(2) each, of what was opened a moment before.
    """
    return all(_is_plain(policy, each) for each in requests)


def _is_plain(policy: Policy, request: Request) -> bool:
    if not isinstance(request, PathRequest):
        return True
    if policy.needs(request) & CHANGING:
        return False
    try:
        status = os.lstat(request.path)
    except OSError:
        return False
    return status.st_nlink < 2 or stat.S_ISDIR(status.st_mode)
