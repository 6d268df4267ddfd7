"""`nono watch`, in a second terminal and in a popup of tmux's; `nono ps` and `nono kill`."""

import json
import shlex
import signal
import time
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Nono
from tests.supervisor.asking.processes import hear, nono_words, started
from tests.supervisor.asking.screen import ASKS, QUIET, person

pytestmark = [pytest.mark.requires(landlock=6), BY_A_USER]


@pytest.fixture
def runtime(as_user: Account, project: Path) -> dict[str, str]:
    """The environment with a place for sockets."""
    return {"XDG_RUNTIME_DIR": str(as_user.directory(project / "run", 0o700))}


def test_a_second_terminal(
    as_user: Account, project: Path, runtime: dict[str, str], nono: Nono
) -> None:
    """It is there before the program and attaches to it; the first key that counts answers."""
    directory = as_user.directory(as_user.home / f"{project.name}-data")
    for name in ("one", "two"):
        as_user.file(directory / name, f"{name}\n")
    reading = f"cat {directory}/one; cat {directory}/two; echo over"
    with person(as_user, *nono_words(as_user, "watch"), cwd=project, env=runtime) as someone:
        someone.wait("no sandbox runs")
        run = ("run", "--ask=watch", "--", "sh", "-c", reading)
        with started(as_user, nono_words(as_user, *run), project, runtime) as process:
            someone.wait(ASKS)
            someone.type("o")  # too early: it was not looked at
            assert "cat" in someone.text and "this file, once" in someone.text
            (status,) = json.loads(nono("ps", "--json", env=runtime).stdout)
            assert status["waiting"] == [1] and status["channels"] == ["control socket"]
            assert "1 wait  sh -c" in nono("ps", env=runtime).stdout
            someone.rest(QUIET)
            assert "one" in someone.text and ASKS in someone.text
            someone.type("o")
            someone.wait("data/one: this file, once")
            someone.wait(ASKS)
            someone.rest(QUIET)
            someone.type("\r")
            stdout, stderr = process.communicate(timeout=30)
            assert stdout == "one\nover\n", stderr
            assert "asked 2 times" in stderr and "two: Permission denied" in stderr
        someone.wait("no sandbox runs")
        someone.type("q")
        assert someone.end() == 0
        assert not someone.screen.is_alternate
    assert not list(Path(runtime["XDG_RUNTIME_DIR"]).glob("nono/*"))


def test_a_watch_that_was_forgotten(
    as_user: Account, project: Path, runtime: dict[str, str]
) -> None:
    """Who sits before the program is told, and takes the question; what is left is asked here."""
    names = ("one", "two", "three")
    files = [as_user.file(as_user.home / f"{project.name}-{n}" / n, f"{n}\n") for n in names]
    reading = "; ".join(f"cat {file}" for file in files)
    run = nono_words(as_user, "run", "--ask", "--no-audit", "--", "sh", "-c", reading)
    watching = person(as_user, *nono_words(as_user, "watch"), cwd=project, env=runtime)
    with watching as watcher:
        watcher.wait("no sandbox runs")
        with person(as_user, *run, cwd=project, env=runtime, size=(24, 150)) as one:
            watcher.wait(ASKS)
            one.wait("Control-] answers here")
            assert f"nono asks in nono watch (pid {watcher.process.pid}, pts/" in one.text
            assert ASKS not in one.text and "q  leave" in watcher.text
            one.type("\x1d")
            one.wait(ASKS)
            one.rest(QUIET)
            one.type("o")
            one.wait("✓ read")
            watcher.wait("answered elsewhere")
            watcher.wait(ASKS)
            watcher.rest(QUIET)
            watcher.type("\x1a")  # a stop of what nobody can continue is none
            watcher.wait(lambda: watcher.raw.count(b"\x1b[?1049h") == 2 and watcher.shows(ASKS))
            watcher.type("q")
            watcher.wait("1 question waits: who else is there is asked")
            assert watcher.end() == 0
            one.wait(ASKS)
            one.rest(QUIET)
            one.type("o")
            one.wait("two\n")
            one.wait(ASKS)
            one.rest(QUIET)
            one.type("n")
            assert one.end() == 1 and "three: Permission denied" in one.text


def test_a_run_that_asks_on_its_own_terminal(
    as_user: Account, project: Path, runtime: dict[str, str]
) -> None:
    """Who comes to watch while it waits is told where, until it is answered."""
    file = as_user.file(as_user.home / f"{project.name}-own", "one\n")
    words = nono_words(as_user, "run", "--ask", "--no-audit", "--", "sh", "-c", f"cat {file}; cat")
    with person(as_user, *words, cwd=project, env=runtime) as one:
        one.wait(ASKS)
        watching = person(as_user, *nono_words(as_user, "watch"), cwd=project, env=runtime)
        with watching as watcher:
            watcher.wait("asks on its own terminal")
            assert "-own; cat'\n" in watcher.text  # quoted, as nono ps tells it
            assert "nobody asks here" in watcher.text and ASKS not in watcher.text
            one.rest(QUIET)
            one.type("o")
            one.wait("✓ read")
            watcher.until(lambda: "nobody asks\n" in watcher.text)
            assert "asks on" not in watcher.text
            watcher.type("q")
            assert watcher.end() == 0
        one.type("\x04")
        assert one.end() == 0


def test_scripts_ps_and_kill(
    as_user: Account, project: Path, runtime: dict[str, str], nono: Nono
) -> None:
    """What runs tell as lines; a run that was killed leaves nothing that is found."""
    place = Path(runtime["XDG_RUNTIME_DIR"]) / "nono"
    with started(as_user, nono_words(as_user, "watch", "--json"), project, runtime) as watch:
        for ending in ("kill", "signal"):
            run = ("run", "--ask=watch", "--", "sh", "-c", "echo ready; sleep 60")
            with started(as_user, nono_words(as_user, *run), project, runtime) as process:
                assert hear(process) == "ready"
                told = json.loads(hear(watch))
                assert (told["event"], told["argv"][0]) == ("started", "sh")
                if ending == "signal":
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                else:
                    assert nono("kill", told["run"][:5], env=runtime).returncode == 0
                    assert process.wait(30) == 137
                    assert process.stderr is not None
                    *_, said = process.stderr.read().splitlines()
                    assert said == "nono: ended by nono kill: every process of it was killed"
                assert json.loads(hear(watch)) == {"run": told["run"], "event": "ended"}
    assert nono("ps", env=runtime).stdout == "no runs\n"
    assert json.loads(nono("ps", "--json", env=runtime).stdout) == []
    assert list(place.glob("*")) == []
    refused = nono("kill", "zzz", env=runtime)
    assert (refused.returncode, "no run called 'zzz'" in refused.stderr) == (2, True)
    assert "needs a terminal" in nono("watch", env=runtime).stderr
    killed = nono("audit", "show", "last", env=runtime).stdout
    assert "sleep 60" in killed


def test_nobody_watches(as_user: Account, project: Path, runtime: dict[str, str]) -> None:
    """It is refused at once. What a run left that was killed, the next one removes."""
    run = nono_words(as_user, "run", "--", "sh", "-c", "echo ready; sleep 60")
    with started(as_user, run, project, runtime) as process:
        assert hear(process) == "ready"
    place = Path(runtime["XDG_RUNTIME_DIR"]) / "nono"
    assert len([*place.iterdir()]) == 1
    file = as_user.file(as_user.home / f"{project.name}.txt", "x\n")
    before = time.monotonic()
    run = nono_words(as_user, "run", "--ask=watch", "--", "cat", file)
    with started(as_user, run, project, runtime) as process:
        _, stderr = process.communicate(timeout=30)
    assert process.returncode == 1 and "Permission denied" in stderr
    assert "nobody can be asked yet; until `nono watch` runs in a terminal" in stderr
    assert time.monotonic() - before < 25
    assert not [*place.iterdir()]


@pytest.mark.requires(commands=["tmux"])
def test_a_popup_of_tmux(as_user: Account, project: Path, runtime: dict[str, str]) -> None:
    """It is drawn over the program, which goes on; and is gone after the answer."""
    file = as_user.file(as_user.home / f"{project.name}-popup.txt", "found\n")
    run = nono_words(as_user, "run", "--ask=tmux", "--", "sh", "-c", f"cat {file}; cat {file}")
    inside = f"{shlex.join(run)}; echo status $?; cat"
    env = {**runtime, "TMUX_TMPDIR": str(project), "TERM": "xterm-256color"}
    words = ("tmux", "-f", "/dev/null", "new-session", "sh", "-c", inside)
    with person(as_user, *words, cwd=project, env=env, size=(40, 110)) as someone:
        someone.wait(ASKS)
        assert "cat" in someone.text and "this file, once" in someone.text
        someone.rest(QUIET)
        someone.type("\r")  # meant for what is below, maybe
        someone.rest(2 * QUIET)
        someone.type("o")
        someone.wait(lambda: "found" in someone.text and ASKS in someone.text)
        someone.rest(2 * QUIET)
        someone.type("n")
        someone.wait("status 1")
        assert ASKS not in someone.text and "Permission denied" in someone.text
        someone.type("\x03")
        someone.end()


def test_tmux_that_is_not_there(nono: Nono) -> None:
    refused = nono("run", "--ask=tmux", "--", "true")
    assert refused.returncode == 125 and "start nono inside tmux" in refused.stderr
