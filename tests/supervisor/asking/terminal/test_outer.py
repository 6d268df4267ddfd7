"""What is written to a terminal that takes nothing waits for it, until nobody waits any more."""

import os
import threading

from nono.supervisor.asking.terminal.outer import Outer
from tests.conftest import TIMEOUT

_MUCH = b"x" * 1_000_000
"""More than a terminal keeps."""


def test_a_terminal_that_takes_nothing_can_be_given_up() -> None:
    controller, terminal = os.openpty()
    outer = Outer(terminal, True, "xterm")
    outer.is_last = True
    writes = threading.Thread(target=outer.write, args=(_MUCH,), daemon=True)
    writes.start()
    os.read(controller, 1)
    assert writes.is_alive()
    outer.is_given_up = True
    writes.join(TIMEOUT)
    assert not writes.is_alive()
    for each in (controller, terminal):
        os.close(each)
