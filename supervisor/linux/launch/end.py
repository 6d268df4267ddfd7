"""What is heard of a program's end while it runs, message by message."""

from __future__ import annotations

from _socket import socket
from collections.abc import Callable

from nono.broker.dataclass import dataclass
from nono.supervisor.errors import BrokenError
from nono.supervisor.linux.launch import protocol


@dataclass(slots=True)
class End:
    """What init and child said about the end: a wait status, or the errno of the execve."""

    status: int | None = None
    not_executed: int | None = None
    over: bool = False
    broken: bool = False
    """Over, since the init was killed."""
    has_left: bool = False
    """It was, and so was who ends what it leaves."""
    stops: int = 0
    """How often the program was stopped."""

    def hear(
        self,
        control: socket,
        on_stop: Callable[[], None],
        on_exit: Callable[[int], None] | None = None,
    ) -> None:
        """Take the next message. Blocks when there is none.

        `on_stop` is called when the program was stopped, `on_exit` with its wait status.
        """
        try:
            message, _ = protocol.receive(control)
        except ConnectionResetError:
            message = None
        match message:
            case [protocol.STOPPED, int(number)]:
                self.stops = number
                on_stop()
            case [protocol.EXITED, int(number)]:
                self.status = number
                if on_exit is not None:
                    on_exit(number)
            case [protocol.NOT_EXECUTED, int(number)]:
                self.not_executed = number
            case [protocol.ENDED]:
                self.over = True
            case None:
                self.over = self.broken = True

    def killed(self) -> BrokenError:
        """The error for an init that was killed."""
        if not self.has_left:
            return BrokenError("the sandbox's init was killed, and every process with it")
        return BrokenError(
            "the sandbox's init was killed, and so was nono's process that ends what it leaves:"
            " programs of it go on, with what the kernel alone allows them",
            "ps -e",
        )
