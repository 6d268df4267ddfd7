"""inotify_add_watch(2)."""

from __future__ import annotations

import os

from nono.broker import Watch
from nono.shims.linux.at import AT_FDCWD
from nono.shims.linux.metadata import inotify_add_watch as kernel_add_watch
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.linux.calls.answers import Answer, Return
from nono.supervisor.linux.calls.call import Call, int32
from nono.supervisor.linux.calls.resolving.resolve import locate

_IN_DONT_FOLLOW = 0x02000000


def inotify_add_watch(call: Call, decisions: Decisions) -> Answer:
    """inotify_add_watch(2): *performed on our copy*. The floor says nothing about watching."""
    n = call.notification
    mask = n.c & 0xFFFFFFFF
    path = call.path(n.b)
    inotify = call.caller.duplicate(int32(n.a))
    try:
        follow = not mask & _IN_DONT_FOLLOW
        with locate(call.caller, AT_FDCWD, path, follow=follow) as target:
            own = call.own.is_own(call.caller, target)
            decisions.require(Watch(call.caller, target.path, own))
            call.ensure_waiting()
            return Return(kernel_add_watch(inotify, target.name, mask & ~_IN_DONT_FOLLOW))
    finally:
        os.close(inotify)
