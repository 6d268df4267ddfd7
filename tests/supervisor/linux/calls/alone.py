"""A call as a handler gets it, where there is no sandbox and nobody but the test."""

from __future__ import annotations

from nono.shims.linux.memory import Memory
from nono.shims.linux.notify import Listener, Notification
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.faults import Faults
from nono.supervisor.linux.calls.call import Call
from nono.supervisor.linux.calls.making import ByThread
from nono.supervisor.linux.calls.own.own_objects import OwnObjects
from nono.supervisor.linux.calls.own.own_restrictions import OwnRestrictions
from nono.supervisor.linux.calls.resolving.caller import Caller
from nono.supervisor.linux.calls.tasks import Background


class Waiting(Listener):
    """A caller that waits for ever."""

    def is_valid(self, notification_id: int) -> bool:
        return True


def call_alone(
    notification: Notification,
    caller: Caller,
    decisions: Decisions,
    memory: Memory,
    own: OwnObjects,
) -> Call:
    return Call(
        notification,
        caller,
        memory,
        Waiting(-1),
        Background(Faults()),
        own,
        None,
        None,
        OwnRestrictions(0, decisions),
        ByThread(),
    )
