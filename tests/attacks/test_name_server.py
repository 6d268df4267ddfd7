"""The name server of a sandbox answers that sandbox, and no other user or sandbox."""

import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.attacks.conftest import Attack, Outcome
from tests.attacks.scene import Scene
from tests.conftest import Account

pytestmark = pytest.mark.requires(landlock=2)

# The port may be another test's for a moment: then once more.
FROM_ITS_PORT = """
import errno, socket, sys, time
sys.path.insert(0, sys.argv[3])
from programs.name_server import ask

def answer(source):
    for _ in range(100):
        try:
            return ask(("127.0.0.1", int(sys.argv[1])), source)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return error.errno
        time.sleep(0.1)
    return "in use"

for source in (0, int(sys.argv[2])):
    print(answer(source))
"""


def test_it_answers_nobody_else(
    outside: Scene,
    as_user: Account,
    attack: Attack,
    unconfined: Callable[..., Outcome],
    programs: Path,
) -> None:
    options = (*outside.options, "--allow-domain", "allowed.example")
    with ThreadPoolExecutor() as threads:
        running = threads.submit(
            attack, outside, "name_server", "use", outside.work, options=options
        )
        while not (outside.work / "server").exists():
            assert not running.done(), running.result().text
            time.sleep(0.005)
        port, source = (outside.work / "server").read_text().split()
        same_user = unconfined(outside, "name_server", "ask", port)
        words = [sys.executable, "-B", "-c", FROM_ITS_PORT, port, source, str(programs)]
        other = subprocess.run(words, capture_output=True, text=True, check=True)
        allowed = (*outside.options, "--open-port", port)
        sandbox = attack(outside, "name_server", "ask", port, options=allowed)
        (outside.work / "go").touch()
        outcome = running.result()
    assert len(outcome.won) == 4, outcome.text
    assert same_user.won == sandbox.won == []
    assert len(same_user.attempts) == len(sandbox.attempts) == 8
    assert other.stdout.split() == ["104", "104"], other.stdout
