"""`nono ps`, `nono status` and `nono kill` where a run is stopped, busy, or gone."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nono.supervisor.asking.control import client
from nono.supervisor.cli.grant import status
from nono.supervisor.cli.ps import kill, ps
from nono.supervisor.linux import unanswering

_LISTENS = """
import os, signal, sys
from nono.supervisor.asking.control.listening import listen
def leave(*_):
    os.write(1, b"asked to end\\n")
    os._exit(0)
signal.signal(signal.SIGTERM, leave if sys.argv[2] == "ends" else signal.SIG_IGN)
listening = listen(sys.argv[1], os.environ)
print(listening.path, flush=True)
while True:
    signal.pause()
"""
"""What a nono is to others that is busy: it listens, and takes nobody."""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_RUNTIME_DIR", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    tmp_path.chmod(0o700)
    return tmp_path


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the seconds that an answer is waited for were over at once."""
    monkeypatch.setattr(client, "_SECONDS", 0.1)


@contextlib.contextmanager
def silent(name: str, how: str = "ends") -> Iterator[subprocess.Popen[str]]:
    """A run that does not answer; its end is for the test to see."""
    command = [sys.executable, "-c", _LISTENS, name, how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert name in process.stdout.readline()
            yield process
        finally:
            process.kill()


def stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGSTOP)
    os.waitpid(process.pid, os.WUNTRACED)


def call(command: object, *arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)  # type: ignore[arg-type]


def test_a_stopped_run_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*arguments: object, **named: object) -> None:
        raise AssertionError("it was asked")

    monkeypatch.setattr("nono.supervisor.cli.ps.Client", never)
    monkeypatch.setattr("nono.supervisor.cli.grant.Client", never)
    with silent("run1") as process:
        stop(process)
        (told,) = json.loads(call(ps, "--json").stdout)
        assert (told["run"], told["pid"], told["is_stopped"]) == ("run1", process.pid, True)
        assert "as by Control-Z" in str(call(status, "run1").exception)


def test_busy_runs_are_asked_together(monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(3)

    def busy(path: str, **named: object) -> None:
        together.wait(60)  # breaks where they are asked one after the other
        raise client.SilentError("it does not answer")

    monkeypatch.setattr("nono.supervisor.cli.ps.Client", busy)
    with silent("run1"), silent("run2"), silent("run3"):
        told = json.loads(call(ps, "--json").stdout)
    assert [each["run"] for each in told] == ["run1", "run2", "run3"]
    assert not any(each["is_stopped"] for each in told)


def test_a_busy_run_is_asked_to_end_first(
    impatient: None, capfd: pytest.CaptureFixture[str]
) -> None:
    with silent("run1") as process:
        assert call(kill, "run1").exit_code == 0
        assert process.stdout is not None
        assert process.stdout.read() == "asked to end\n"
        assert process.wait() == 0
    assert "run1: it does not answer: it is asked to end by SIGTERM" in capfd.readouterr().err
    assert call(ps).stdout == "no runs\n"


def test_a_busy_run_that_will_not_end_is_killed(
    impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unanswering, "_END_SECONDS", 0.1)
    with silent("run1", "stays") as process:
        with_reaper = threading.Thread(target=process.wait)
        with_reaper.start()
        kept = call(kill, "run1")
        with_reaper.join()
        assert process.returncode == -signal.SIGKILL, kept.output


def test_the_socket_of_a_run_that_was_killed_is_removed(place: Path) -> None:
    with silent("run1") as process:
        process.kill()
        process.wait()
        assert (place / "nono/run1.sock").exists()
        assert call(ps).stdout == "no runs\n"
        assert not (place / "nono/run1.sock").exists()
