"""Calls that lead out of a sandbox: refused whatever their arguments, and told of in the report.

The filter could refuse them alone, and does where there is no broker. They come here only so that
a person learns what failed and why: *performed on our copy*, which refuses.
"""

from __future__ import annotations

import errno

from nono.broker import Forbidden
from nono.broker.policy.policy import ABSENT_CALLS
from nono.shims.linux.syscall_classes import machine, name
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.answers import Answer
from nono.supervisor.linux.calls.call import Call


def forbidden(call: Call, decisions: Decisions) -> Answer:
    """ptrace(2), unshare(2), mount(2) and the like; clone(2) with CLONE_NEW* flags."""
    number = call.notification.number
    made = name(machine(), number) or str(number)
    decisions.require(Forbidden(call.caller, made))
    raise failure(errno.ENOSYS if made in ABSENT_CALLS else errno.EPERM)
