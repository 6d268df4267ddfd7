"""What the module `signal` is made of: numbers and calls, without the enumerations around them.

Those take a start a fortieth of its time. For a type checker it is `signal` itself, and so it is
where an interpreter has no such part.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    import signal as signal
else:
    try:
        import _signal as signal
    except ImportError:
        import signal as signal

__all__ = ["signal"]
