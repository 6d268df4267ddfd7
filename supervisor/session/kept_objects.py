"""A plan and what completes it as bytes.

They are read from a file that is this user's own, and still may become nothing but objects of
nono's own kinds.
"""

from __future__ import annotations

import io
from _pickle import Pickler, Unpickler, UnpicklingError

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Any

    from nono.supervisor.decisions.complete import Complete
    from nono.supervisor.planning.plan import Plan

_PROTOCOL = 5
_PACKAGE = "nono."
_BUILTINS = {"frozenset": frozenset, "set": set}


class _OwnKinds(Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if module == "builtins" and name in _BUILTINS:
            return _BUILTINS[name]
        found = super().find_class(module, name) if module.startswith(_PACKAGE) else None
        if isinstance(found, type):
            return found
        raise UnpicklingError(f"{module}.{name}")


def packed(made: tuple[Plan, Complete]) -> bytes:
    """Raises UnpicklingError's kin for what has no bytes."""
    file = io.BytesIO()
    Pickler(file, _PROTOCOL).dump(made)
    return file.getvalue()


def unpacked(data: bytes) -> tuple[Plan, Complete]:
    """Raises Exception for what is odd."""
    made: tuple[Plan, Complete] = _OwnKinds(io.BytesIO(data)).load()
    return made
