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


ABSENT = ("nono.supervisor.linux.calls.loop", "nono.shims.linux.process")


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """What `python -m tests.elsewhere all` prints; it has to end well."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.elsewhere", "all", *ABSENT],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_every_module_imports(lines: list[str]) -> None:
    expected = [*modules(), "the platform is macos"]
    assert lines[: len(expected)] == expected
    assert {"nono.broker", *(f"nono.supervisor.{room}" for room in ROOMS)} < set(expected)


def test_what_is_not_there_cannot_be_used(lines: list[str]) -> None:
    absent = ("nono.supervisor.linux", "nono.shims.linux")
    first = lines.index("the platform is macos") + 1
    refused = [f"{name} is not there on this platform" for name in absent]
    assert lines[first : first + len(refused)] == refused


def test_every_room_passes_its_tests(lines: list[str]) -> None:
    passed = {line for line in lines if line.startswith("passed in ")}
    assert {line.split()[2] for line in passed} == {f"{room}:" for room in ROOMS}
