"""What the kernel refuses to the person as well: nobody is asked, since no answer helps."""

from __future__ import annotations

import os

from nono.broker import Access, Open, PathChange, Request
from nono.broker.rules.paths import parent

_READ, _WRITE = Access.READ.value, Access.WRITE.value
_MODES = {0: 0, _READ: os.R_OK, _WRITE: os.W_OK, _READ | _WRITE: os.R_OK | os.W_OK}


def kernel_refuses(request: Request) -> bool:
    """True when this thread could not do it either, by the rights on files: access(2).

    Only questions depend on it. What it finds may change, and then the call fails by itself.
    """
    match request:
        case Open(_, path, access):
            wanted = _MODES[access._value_ & (_READ | _WRITE)]
            if os.access(path, wanted, effective_ids=True):
                return False
            return os.path.lexists(path) or _is_closed(parent(path))
        case PathChange(_, _, path):
            return _is_closed(parent(path))
    return False


def _is_closed(directory: str) -> bool:
    """Whether it is there and no name can be made in it."""
    is_there = os.path.isdir(directory)
    return is_there and not os.access(directory, os.W_OK | os.X_OK, effective_ids=True)
