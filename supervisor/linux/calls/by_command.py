"""Calls of several kinds, of which the command in their second argument says which it is."""

from __future__ import annotations

from collections.abc import Mapping

from nono.shims.linux.refused_arguments import F_SETFL, F_SETOWN, FIOASYNC
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.linux.calls.answers import Answer
from nono.supervisor.linux.calls.call import Call
from nono.supervisor.linux.calls.files import file_flags, locks
from nono.supervisor.linux.calls.loop import Handler
from nono.supervisor.linux.calls.processes import signals


def ioctl(call: Call, decisions: Decisions) -> Answer:
    """ioctl(2): what chattr(1) asks for, or that a file signals. See there for which side."""
    is_signal = call.notification.b & 0xFFFFFFFF == FIOASYNC
    return (signals.asynchronous if is_signal else file_flags.set_flags)(call, decisions)


def fcntl(call: Call, decisions: Decisions) -> Answer:
    """fcntl(2): the command, which is in a register, says whose it is."""
    return _COMMANDS.get(call.notification.b & 0xFFFFFFFF, locks.lease)(call, decisions)


_COMMANDS: Mapping[int, Handler] = {F_SETOWN: signals.owner, F_SETFL: signals.asynchronous}
