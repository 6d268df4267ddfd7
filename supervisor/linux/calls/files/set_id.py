"""Set-user-ID and set-group-ID bits: no file gets one, whatever call would give it.

A shell with such a bit, left in a directory that others can reach, gives them the rights of the
person who ran the sandbox. A right of its own decides (`SET_ID`); `--bypass-protection` lifts the
refusal, and then the call is *performed on our copy*, never continued: its path is in memory.
What had a bit before loses it by write(2), since nobody inside has CAP_FSETID; not by a write
through a shared mapping, so a set-id file should not be among what may be written.
On a directory the bits run nothing: set-group-ID there says whose group new files get.
Sources: inode(7) on S_ISUID and S_ISGID, capabilities(7) on file capabilities.
"""

from __future__ import annotations

import stat

from nono.broker import Metadata
from nono.broker.requests import SET_ID
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.linux.calls.call import Call

CAPABILITY = b"security.capability"
"""The extended attribute that does the same as the bits, one right at a time."""

_BITS = stat.S_ISUID | stat.S_ISGID


def gives(mode: int) -> bool:
    """Whether this mode has one of the bits."""
    return bool(mode & _BITS)


def require(call: Call, decisions: Decisions, path: str) -> None:
    """Raise OSError, after noting the refusal, unless a file at `path` may get a bit."""
    decisions.require(Metadata(call.caller, SET_ID, path))
