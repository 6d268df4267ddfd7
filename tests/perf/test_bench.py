"""`nono bench`, once for real and in the small: all rungs, a result, nothing left behind."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nono.perf.results.kept import from_json
from tests.conftest import TIMEOUT, Account, Finished

pytestmark = pytest.mark.requires(landlock=6, commands=["gcc"])


def places() -> set[Path]:
    return {*Path("/var/tmp").glob("nono-perf-*"), *Path("/var/tmp").glob("nono-bench-*")}


def left(before: set[Path]) -> set[Path]:
    """What stays: of another test that measures beside this one nothing does."""
    deadline = time.monotonic() + TIMEOUT
    while (new := places() - before) and time.monotonic() < deadline:
        time.sleep(0.05)
    return new


def test_a_quick_look(user: Account) -> None:
    place = user.directory(user.home / "benched")
    given = ("--allow-cwd", "--allow-domain=a.example")
    words = ("bench", "--quick", "--rounds", "1", "--json", *given)
    before = places()
    done = user(user.python, "-P", "-m", "nono.supervisor", *words, cwd=place)
    assert done.returncode == 0, done.stderr
    assert not left(before)
    found = from_json(done.stdout, "stdout")
    names = {line.name for line in found.lines}
    assert {"native", "Landlock only", "filter only", "nono, fast lane", "nono, denied"} <= names
    assert {"nono, performed, new in a carved directory", "nono run, this policy"} <= names
    assert {"asked, a function allows at once", "a look-up of a host (300 µs)"} <= names
    assert {"a running Python program: nono's library", "connect to loopback, nono"} <= names
    assert found.policy == given
    kept = user.file(place / "old.json", done.stdout)
    shown = user(
        *(user.python, "-P", "-m", "nono.supervisor", "bench"),
        *("--show", str(kept), "--compare", str(kept), "--plot", "x.svg"),
        cwd=place,
    )
    assert shown.returncode == 0, shown.stderr
    assert "with a confidence of 99%" in shown.stdout
    assert "rounds are a look" in shown.stderr
    assert (place / "x.svg").read_text().startswith("<svg")


def test_a_command(user: Account) -> None:
    def nono(*words: str) -> Finished:
        return user(user.python, "-P", "-m", "nono.supervisor", *words)

    done = nono("bench", "--rounds", "1", "--json", "--allow-cwd", "--", "cat", "/etc/shadow")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["argv"] == ["cat", "/etc/shadow"]
    assert found["inside"]["statuses"] == [1]
    assert found["stats"]["refused"] == 1
    assert found["stats"]["total"]["count"] > 0
    done = nono("bench", "--plot", "x.svg", "--", "true")
    assert (done.returncode, "--plot is for the benchmarks" in done.stderr) == (2, True)


def test_what_is_interrupted_leaves_nothing(user: Account) -> None:
    before = places()
    command = ["bench", "--rounds", "900", "--allow-cwd"]
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "nono.supervisor", *command],
        cwd=user.home,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + TIMEOUT
    while not (places() - before) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=TIMEOUT)
    assert process.returncode == -signal.SIGINT, stderr
    assert not left(before)
