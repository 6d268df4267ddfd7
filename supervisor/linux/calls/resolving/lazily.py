"""An attribute that is computed when it is first looked at.

`functools.cached_property` does the same and, before Python 3.12, takes a lock for each first look,
which costs more than most of what is computed here. Objects of one call belong to one thread.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from functools import cached_property

    lazily = cached_property
else:

    class lazily:
        """As `functools.cached_property`, without a lock."""

        def __init__(self, compute):
            self._compute = compute

        def __set_name__(self, owner, name):
            self._name = name

        def __get__(self, instance, owner=None):
            value = instance.__dict__[self._name] = self._compute(instance)
            return value
