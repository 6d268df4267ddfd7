"""What is performed, now or after waiting, is performed with the rights that the caller has."""

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.attacks.conftest import Attack, Outcome
from tests.attacks.network import denials
from tests.attacks.scene import build
from tests.conftest import Account


@pytest.fixture
def no_signal() -> Iterator[None]:
    """Whoever holds a lease is told by SIGIO that it is wanted back."""
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGIO, before)


def lease(work: Path, running: Future[Outcome]) -> None:
    """A lease on a file that somebody gave a set-id bit meanwhile, until it is waited for."""
    while not (work / "ready").exists():
        assert not running.done(), running.result().text
        time.sleep(0.005)
    path = work / "waited-for"
    path.chmod(0o4755)
    fd = os.open(path, os.O_RDONLY)
    try:
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        (work / "leased").touch()
        while fcntl.fcntl(fd, fcntl.F_GETLEASE) == fcntl.F_WRLCK and not running.done():
            time.sleep(0.005)
        time.sleep(0.05)
    finally:
        os.close(fd)


@pytest.mark.usefixtures("no_signal")
def test_with_the_callers_rights(as_user: Account, project: Path, attack: Attack) -> None:
    scene = build(as_user, project / "scene", inside=True)
    with ThreadPoolExecutor() as threads:
        running = threads.submit(attack, scene, "own_capabilities", scene.work)
        lease(scene.work, running)
        outcome = running.result()
    # Truncating takes the bit away, unless by somebody with CAP_FSETID.
    assert outcome.attempts.pop("mode") == "0o100755"
    assert outcome.attempts.pop("limit") == "EFBIG"
    results = {(name.partition(":")[0], text[:3]) for name, text in outcome.attempts.items()}
    if as_user.uid != 0:
        assert results == set()
        return
    won, lost = {("own", "WON"), ("after", "WON")}, {("dropped", "EAC"), ("lowered", "EAC")}
    assert results == won | lost, outcome.text
    assert [each["call"] for each in denials(outcome)] == ["capset"]
