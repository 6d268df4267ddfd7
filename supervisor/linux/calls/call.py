"""One stopped system call: its arguments, its caller, and whether it still waits."""

from __future__ import annotations

import errno
from collections.abc import Callable

from nono.shims.linux.at import AT_FDCWD
from nono.shims.linux.memory import Memory
from nono.shims.linux.notify import Listener, Notification
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.making import Making
from nono.supervisor.linux.calls.own.own_objects import OwnObjects
from nono.supervisor.linux.calls.own.own_restrictions import OwnRestrictions
from nono.supervisor.linux.calls.resolving.caller import Caller
from nono.supervisor.linux.calls.tasks import Background

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.supervisor.linux.injected_files import InjectedFiles
    from nono.supervisor.linux.network.service import NetworkService


class Call:
    """What a handler gets. Arguments are read once, into our own memory, in the loop's thread."""

    __slots__ = (
        "_copied",
        "_listener",
        "_making",
        "_memory",
        "background",
        "caller",
        "give",
        "injected",
        "is_begun",
        "network",
        "notification",
        "own",
        "restrictions",
    )

    def __init__(
        self,
        notification: Notification,
        caller: Caller,
        memory: Memory,
        listener: Listener,
        background: Background,
        own: OwnObjects,
        network: NetworkService | None,
        injected: InjectedFiles | None,
        restrictions: OwnRestrictions,
        making: Making,
        copied: tuple[int, bytes] | None = None,
        is_begun: bool = False,
        give: Callable[[int, int, int], bool] | None = None,
    ) -> None:
        """`copied` is an address whose path was read for this call already, and that path."""
        self.give = give
        """Opens a handle and answers the call in one step, where a lane in C can: `Lane.give`."""
        self.is_begun = is_begun
        """A connect that was decided on, and begun: only its end is left to wait for."""
        self._copied = copied
        self._making = making
        self.restrictions = restrictions
        """What programs inside gave up by themselves."""
        self.background = background
        """For what goes on after the call has returned."""
        self.own = own
        """What the sandbox itself made or has."""
        self.network = network
        """None unless the policy knows hosts by their names."""
        self.injected = injected
        """The files that are others inside, if any."""
        self.notification = notification
        self.caller = caller
        self._memory = memory
        self._listener = listener

    def path(self, address: int) -> bytes:
        """The path that the argument points to. Raises OSError (EFAULT, ENAMETOOLONG)."""
        if self._copied is not None and self._copied[0] == address:
            return self._copied[1]
        return self._memory.path(self.caller.tid, address)

    def bytes(self, address: int, size: int) -> bytes:
        """`size` bytes of the caller's memory. Raises OSError (EFAULT, E2BIG)."""
        return self._memory.bytes(self.caller.tid, address, size)

    def ensure_waiting(self) -> None:
        """To be called after reading and before performing, always.

        While the caller waits in this call, its tid cannot be anybody else's, so what was read
        through it was its own. Raises OSError: ESRCH when it is gone, EACCES when it restricted
        itself, so that nothing is performed for it.
        """
        self.ensure_callers()
        self.restrictions.ensure_unrestricted(self.caller)

    def ensure_callers(self) -> None:
        """As `ensure_waiting`, for what a restriction of its own does not speak of."""
        if not self._listener.is_valid(self.notification.id):
            raise failure(errno.ESRCH)

    @property
    def making(self) -> Making:
        """What makes files with a umask, which is to be the caller's. In the loop's thread."""
        return self._making


def int32(value: int) -> int:
    """A C int from the 64 bits of an argument register."""
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value & 0x80000000 else value


def dirfd(value: int) -> int:
    """A directory descriptor argument; every negative one but AT_FDCWD is bad anyway."""
    number = int32(value)
    return AT_FDCWD if number == AT_FDCWD else number
