"""Whether the kernel's rule on a file is on what is at its path now.

A rule of Landlock's belongs to an object. An editor, git or an upgrade of nono outside of the
sandbox puts another one in its place, which the kernel then refuses, whatever the policy says: such
an open has to be *performed on our copy*. The status of what was put there has changed since the
floor was made, since to rename a file or to link to it changes it. So has the status of a file that
was only written to: that is performed as well, to the same effect. What changes by itself inside is
told by `Decisions.note_moved`. A rule on a directory is not looked at: it may be far above.
"""

from __future__ import annotations

import os

from nono.broker import Access
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.linux.calls.resolving.handles import Handle


def is_ruled(decisions: Decisions, path: str, access: Access, handle: int) -> bool:
    """Of what the floor covers at a path, where `handle` is. Raises OSError."""
    if not decisions.floor.rules_itself(path, access):
        return True
    return os.fstat(handle).st_ctime_ns < decisions.since


def floor_holds(decisions: Decisions, handle: Handle, access: Access) -> bool:
    """Whether the kernel grants this access to what is behind a handle. Raises OSError."""
    path = handle.path
    return decisions.floor_covers(path, access) and is_ruled(decisions, path, access, handle.fd)
