"""What is written to a terminal that takes nothing waits for it, until nobody waits any more."""

import os
import threading
import tty

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


def test_keys_are_looked_for_while_a_terminal_takes_nothing() -> None:
    """A program that prints on and on can be interrupted."""
    controller, terminal = os.openpty()
    outer = Outer(terminal, True, "xterm")
    outer.attach()
    tty.setraw(terminal)
    typed: list[bytes] = []

    def meanwhile() -> None:
        if outer.waiting():
            typed.append(outer.read())
            outer.is_given_up = True

    writes = threading.Thread(target=outer.write, args=(_MUCH, meanwhile), daemon=True)
    writes.start()
    os.read(controller, 1)
    os.write(controller, b"\x03")
    writes.join(TIMEOUT)
    assert not writes.is_alive() and typed == [b"\x03"]
    for each in (controller, terminal):
        os.close(each)
