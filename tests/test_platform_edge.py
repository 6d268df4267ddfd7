"""What is not Linux's own imports, and passes its tests, where there is no Linux.

So a policy is made, decided, explained, learned and replayed alike on every platform.
"""

import subprocess
import sys

import pytest

from tests.conftest import CHECKOUT
from tests.elsewhere import ROOMS, modules

pytestmark = pytest.mark.long

SECONDS = 900


def elsewhere(*words: str) -> list[str]:
    """What `python -m tests.elsewhere` prints; it has to end well."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.elsewhere", *words],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_every_module_imports() -> None:
    imported = elsewhere("import")
    assert imported == [*modules(), "the platform is macos"]
    assert {f"nono.supervisor.{room}" for room in ROOMS} < set(imported)


def test_every_room_passes_its_tests() -> None:
    lines = elsewhere("test")
    passed = {line for line in lines if line.startswith("passed in ")}
    assert {line.split()[2] for line in passed} == {f"{room}:" for room in ("broker", *ROOMS)}


def test_what_is_not_there_cannot_be_used() -> None:
    absent = ("nono.supervisor.linux", "nono.shims.linux")
    assert elsewhere("refuse", "nono.supervisor.linux.calls.loop", "nono.shims.linux.process") == [
        f"{name} is not there on this platform" for name in absent
    ]
