"""What a program's waiting socket hears where no connection of ours comes to be."""

from types import SimpleNamespace
from typing import Any

import pytest
import trio
import trio.testing

from nono.broker.requests import NOBODY
from nono.supervisor.errors import NoAnswer, UnknownHost
from nono.supervisor.linux.network.tunnel import Tunnel


class Waiting:
    """A socket that waits for two minutes, as the kernel's do, unless it is refused."""

    def __init__(self) -> None:
        self.is_wanted = True
        self.waited: float | None = None

    def refuse(self) -> None:
        self.is_wanted = False
        self.waited = trio.current_time()

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("error", "refused_after"),
    [
        (NoAnswer("a.example"), 10.0),
        (UnknownHost("a.example"), 10.0),
        (ConnectionRefusedError(), 10.0),
        (TimeoutError(), None),  # a dead host
    ],
)
async def test_who_is_refused_and_who_waits(
    autojump_clock: trio.testing.MockClock, error: OSError, refused_after: float | None
) -> None:
    """Outside a look-up fails once the name servers had their time, and a dead host does not."""
    parked: Any = Waiting()
    network: Any = SimpleNamespace(tunnels=SimpleNamespace(release=lambda: None))
    decisions: Any = None

    async def reach(_: object) -> trio.socket.SocketType:
        await trio.sleep(10)
        raise error

    start = trio.current_time()
    tunnel = Tunnel(network, decisions, NOBODY, "a.example", 443, parked, reach)
    with trio.move_on_after(120):
        await tunnel.run()
    assert (parked.waited and parked.waited - start) == refused_after
