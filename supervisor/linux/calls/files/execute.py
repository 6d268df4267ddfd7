"""execve and execveat."""

from __future__ import annotations

import stat

from nono.broker import Access, Execute
from nono.shims.linux.at import AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.linux.calls.answers import CONTINUE, Answer
from nono.supervisor.linux.calls.call import Call, dirfd, int32
from nono.supervisor.linux.calls.resolving.resolve import locate

_EXECUTABLE = 0o111


def execve(call: Call, decisions: Decisions) -> Answer:
    """execve(2): *continued because the floor holds*, whatever becomes of the arguments."""
    return _execute(call, decisions, AT_FDCWD, call.notification.a, 0)


def execveat(call: Call, decisions: Decisions) -> Answer:
    """execveat(2): *continued because the floor holds*."""
    n = call.notification
    return _execute(call, decisions, dirfd(n.a), n.b, int32(n.e))


def _execute(call: Call, decisions: Decisions, at: int, address: int, flags: int) -> Answer:
    path = call.path(address)
    if not path and flags & AT_EMPTY_PATH:
        return CONTINUE
    follow = not flags & AT_SYMLINK_NOFOLLOW
    with locate(call.caller, at, path, follow=follow) as program:
        if program.is_anonymous or decisions.floor_covers(program.path, Access.EXECUTE):
            decisions.note_native(Execute(call.caller, program.path))
            return CONTINUE
        mode = program.stat.st_mode
        if not (stat.S_ISREG(mode) and mode & _EXECUTABLE):
            return CONTINUE  # the kernel refuses what is none, and no rule would change that
        # The policy may allow more than the floor, which was made before this file was: only
        # the floor can let a program run, so the refusal is noted, with the reason in words.
        decisions.refuse_beyond_floor(Execute(call.caller, program.path))
