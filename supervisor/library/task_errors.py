"""Why a call in a worker has no result. All of it is text: nothing of the worker's is executed."""

from __future__ import annotations

from collections.abc import Sequence

from nono.broker.errors import NonoError
from nono.broker.visible import visible
from nono.supervisor.decisions.denials import Denial

_MAX_MESSAGE = 2000
_MAX_LINES = 50


class TaskError(NonoError):
    """A call in a worker has no result: the worker ended, or sent what is none."""

    denials: tuple[Denial, ...]
    """What the worker was refused meanwhile."""

    def __init__(self, message: str, hint: str = "", denials: Sequence[Denial] = ()) -> None:
        fixes = [each.fix for each in denials if each.fix]
        super().__init__(visible(message, limit=_MAX_MESSAGE), hint or (fixes or [""])[-1])
        self.denials = tuple(denials)


class TaskTimeout(TaskError, TimeoutError):
    """A call took longer than `timeout`; its worker was killed."""

    def __init__(self, seconds: float, denials: Sequence[Denial] = ()) -> None:
        super().__init__(f"not done in {seconds:g} s", "", denials)
        self.timeout = seconds


class RemoteError(TaskError):
    """The function raised. Its exception comes as text, since another object could do anything."""

    def __init__(
        self, kind: str, text: str, traceback: str, denials: Sequence[Denial] = ()
    ) -> None:
        super().__init__(f"{kind}: {text}" if text else kind, "", denials)
        self.kind = kind
        """The type's name: `ValueError`, `json.decoder.JSONDecodeError`."""
        self.text = text
        """What the exception said, as the worker sent it."""
        self.traceback = traceback
        """As Python prints it, as the worker sent it."""
        lines = traceback.splitlines()[-_MAX_LINES:]
        self.add_note("\n".join(["in the worker:", *(visible(each, limit=500) for each in lines)]))
