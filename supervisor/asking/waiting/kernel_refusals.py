"""What the kernel refuses to the person as well: nobody is asked, since no answer helps."""

from __future__ import annotations

import os

from nono.broker import Access, Open, PathChange, Request
from nono.broker.rules.paths import parent

_OPENS = ((Access.READ, os.R_OK), (Access.WRITE, os.W_OK))


def kernel_refuses(request: Request) -> bool:
    """True when this thread could not do it either, by the rights on files: access(2).

    Only questions depend on it. What it finds may change, and then the call fails by itself.
    """
    match request:
        case Open(_, path, access) if os.path.lexists(path):
            wanted = sum(mode for right, mode in _OPENS if right & access)
            return not os.access(path, wanted, effective_ids=True)
        case Open(_, path) | PathChange(_, _, path):
            above = parent(path)
            is_there = os.path.isdir(above)
            return is_there and not os.access(above, os.W_OK | os.X_OK, effective_ids=True)
    return False
