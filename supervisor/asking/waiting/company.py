"""How long a question waits for other calls that are to be one question with it.

A person needs longer to answer than a burst of calls to come, so what comes behind the first of
several is asked about together. A program that does one thing after the other has no company: its
next call comes after the answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from nono.broker import Process
from nono.supervisor.asking.waiting.group import Group

COMPANY_SECONDS = 0.15
"""At most."""
_LOOK_SECONDS = 0.005
_LOOKS = 2
"""So often in turn nothing may be on its way for the question to be asked."""


async def wait_for_company(group: Group, groups: Sequence[Group]) -> None:
    """Return when no more calls are to be expected. `groups` are all that wait, as of any time."""
    import trio

    if not _comes(group, groups) and not _has_threads(group.calls[0].process):
        return
    ends, quiet = trio.current_time() + COMPANY_SECONDS, 0
    while quiet < _LOOKS and group.calls and trio.current_time() < ends:
        await trio.sleep(_LOOK_SECONDS)
        is_quiet = not _comes(group, groups) and not _run_others(group)
        quiet = quiet + 1 if is_quiet else 0


def _comes(group: Group, groups: Sequence[Group]) -> bool:
    """Whether several calls wait already, so that it is a burst."""
    return len(group.calls) > 1 or len(groups) > 1


def _has_threads(process: Process) -> bool:
    return bool(getattr(process, "has_threads", False))


def _run_others(group: Group) -> bool:
    """Whether another thread of the process does something, which may be to make such a call."""
    return any(getattr(call.process, "other_threads_run", False) for call in group.calls[:1])
