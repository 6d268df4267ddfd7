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
from nono.broker.requests import Open, PathRequest
from nono.broker.rules.access import CHANGING


def is_plain(policy: Policy, requests: Iterable[Request]) -> bool:
    """Whether nothing has to be found out. For the thread that has just resolved the paths.

    One lstat(2) each, of what was opened a moment before, where its handle was not looked at.
    """
    return all(plain_kind(policy, each) is not None for each in requests)


def plain_kind(policy: Policy, request: Request) -> int | None:
    """The type of the file that it is about, of stat(2), 0 for none; None where it is not plain."""
    if not isinstance(request, PathRequest):
        return 0
    needs = request.access if isinstance(request, Open) else policy.needs(request)
    if needs._value_ & CHANGING._value_:
        return None
    found = getattr(request.process, "found", None)
    if found is not None and found[0] == request.path:
        status = found[1]
    else:
        try:
            status = os.lstat(request.path)
        except OSError:
            return None
    kind, names = stat.S_IFMT(status.st_mode), status.st_nlink
    return kind if names == 1 or (names and kind == stat.S_IFDIR) else None  # none once deleted
