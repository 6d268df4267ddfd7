"""A plan and what completes it as bytes.

They are read from a file that is this user's own, and still become nothing but objects of the kinds
that a policy consists of: none of them does anything when it is made.
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
_OF_BROKER = (
    *("floor.floor", "limits", "network.index", "network.network", "policy.around"),
    *("policy.environment", "policy.index", "policy.policy", "rules.access", "rules.automaton"),
    *("rules.begun", "rules.folding", "rules.host_patterns", "rules.patterns", "rules.rule"),
)
_OF_SUPERVISOR = (
    *("decisions.complete", "planning.git.repositories", "planning.paths.own_caches"),
    "planning.plan",
)
_MODULES = frozenset(
    [
        *(f"nono.broker.{name}" for name in _OF_BROKER),
        *(f"nono.supervisor.{name}" for name in _OF_SUPERVISOR),
    ]
)
"""Those that have the kinds of objects which a plan and a policy consist of: data, all of them."""
_BUILTINS = {"frozenset": frozenset, "set": set}


class _OwnKinds(Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """A class that a module of these has itself: a name with dots leads out of it."""
        if module == "builtins" and name in _BUILTINS:
            return _BUILTINS[name]
        found = super().find_class(module, name) if module in _MODULES and "." not in name else None
        if isinstance(found, type) and found.__module__ == module:
            return found
        raise UnpicklingError(f"{module}.{name}")


def packed(plan: Plan, made: Complete) -> bytes:
    """Raises Exception for what has no bytes."""
    file = io.BytesIO()
    Pickler(file, _PROTOCOL).dump((plan, made))
    return file.getvalue()


def unpacked(data: bytes) -> tuple[Plan, Complete]:
    """Raises Exception for what is odd."""
    plan, made = _OwnKinds(io.BytesIO(data)).load()
    if (type(plan).__name__, type(made).__name__) != ("Plan", "Complete"):
        raise UnpicklingError("neither a plan nor what completes it")
    return plan, made
