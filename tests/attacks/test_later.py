"""What was decided once is not done later: a place of the sandbox's own may become another's."""

import contextlib
import json
import os
import socket
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.attacks.conftest import Attack, Outcome
from tests.attacks.scene import Scene
from tests.conftest import TIMEOUT

pytestmark = pytest.mark.requires(landlock=2)

WAIT = 30


def listen(address: str | list[object]) -> socket.socket:
    """A service that starts at an address as soon as that is free."""
    where: str | tuple[object, ...] = address if isinstance(address, str) else tuple(address)
    if isinstance(where, str):
        family = socket.AF_UNIX
    else:
        family = socket.AF_INET6 if ":" in str(where[0]) else socket.AF_INET
    made = socket.socket(family)
    if family != socket.AF_UNIX:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(where)
        made.listen(64)
    except BaseException:
        made.close()
        raise
    made.setblocking(False)
    return made


def take_all(work: Path, running: Future[Outcome]) -> list[socket.socket]:
    """Somebody else's services, at every place that the attack had."""
    while not (work / "places").exists():
        assert not running.done(), running.result().text
        time.sleep(0.005)
    left = json.loads((work / "places").read_text())
    taken: list[socket.socket] = []
    deadline = time.monotonic() + WAIT
    while left and not running.done():
        assert time.monotonic() < deadline, left
        for address in list(left):
            with contextlib.suppress(OSError):
                taken.append(listen(address))
                left.remove(address)
    if isinstance(where := taken[-1].getsockname(), str) and where:
        os.chmod(where, 0o666)
    (work / "taken").touch()
    return taken


def test_whoever_takes_a_place_is_not_reached(outside: Scene, attack: Attack, tag: str) -> None:
    options = (*outside.options, "--allow-domain", "allowed.example")
    words = ("wait", outside.work, tag)
    with ThreadPoolExecutor() as threads:
        running = threads.submit(attack, outside, "later", *words, options=options)
        services = take_all(outside.work, running)
        outcome = running.result()
    assert outcome.won == [], outcome.text
    assert set(outcome.attempts.values()) == {"ECONNREFUSED"}
    assert len(services) == len(outcome.attempts) == 12
    for each in services:
        with each, pytest.raises(BlockingIOError):
            each.accept()


def test_whoever_comes_between_hears_nothing(outside: Scene, attack: Attack) -> None:
    """Two take turns at a port as fast as they can: one is the sandbox's own, one is not."""
    options = (*outside.options, "--allow-domain", "allowed.example")
    heard: list[bytes] = []
    turns, both = 0, outside.work / "both"
    with ThreadPoolExecutor() as threads:
        running = threads.submit(attack, outside, "later", "swap", outside.work, options=options)
        while not (outside.work / "place").exists():
            assert not running.done(), running.result().text
            time.sleep(0.005)
        place = json.loads((outside.work / "place").read_text())
        end = time.monotonic() + 1
        # Until there was both, a connection and none.
        while (now := time.monotonic()) < end or (now < end + TIMEOUT and not both.exists()):
            with contextlib.suppress(OSError), listen(place) as service:
                turns += 1
                time.sleep(0.001)
                heard += said_to(service)
            time.sleep(0.004)
        (outside.work / "over").touch()
        outcome = running.result()
    assert heard == []
    assert turns > 10
    assert int(outcome.attempts["connected"]) > 0
    assert int(outcome.attempts["refused"]) > 0


def said_to(service: socket.socket) -> list[bytes]:
    """What a service's clients said so far."""
    said = []
    with contextlib.suppress(BlockingIOError):
        while True:
            accepted, _ = service.accept()
            with accepted, contextlib.suppress(OSError):
                accepted.settimeout(0.01)
                said += [data] if (data := accepted.recv(16)) else []
    return said
