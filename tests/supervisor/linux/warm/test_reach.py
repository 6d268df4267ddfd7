"""Who reaches `nono warm`: nobody in a sandbox, nobody else's, and nobody who only says so."""

import contextlib
import os
import re
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import BY_A_USER, TIMEOUT, Account, program_beside
from tests.supervisor.linux.warm.conftest import Warm

pytestmark = [pytest.mark.requires(landlock=2)]


@BY_A_USER
def test_a_program_in_a_sandbox_does_not_reach_it(warm: Warm) -> None:
    """Whatever is opened to it, by an ordinary run and by one of its own."""
    program = program_beside(__file__, "reach.py")
    for by in ("required", ""):
        for opened in (
            ("--read", "/"),
            ("--allow", str(warm.runtime)),
            ("--read", "/", "--allow-unix-socket", str(warm.socket)),
            ("--allow", str(warm.runtime / "nono")),
        ):
            words = ("--", warm.account.python, "-P", "-c", program, str(warm.socket))
            done = warm("run", *opened, *words, warm=by)
            assert done.returncode in (0, 125), done
            if done.returncode == 0:
                assert set(done.stdout.split()) == {"refused"}, (opened, done)
    assert warm("run", "--", "true").returncode == 0


@BY_A_USER
@pytest.mark.parametrize("kind", ["landlock", "seccomp"])
def test_a_process_in_another_sandbox_has_no_run_by_it(warm: Warm, kind: str) -> None:
    """A domain of Landlock shows nowhere in /proc: that it cannot look at nono warm shows it."""
    program = program_beside(__file__, "restricted.py")
    warm.command = (warm.account.python, "-P", "-c", program, kind, *warm.command)
    done = warm("run", "--", "true")
    assert done.returncode == 125, done
    assert "no run by nono warm" in done.stderr


@pytest.mark.requires(root=True)
@pytest.mark.parametrize("as_user", ["root"], indirect=True)
def test_a_domain_of_landlock_alone_is_told_by_what_it_cannot_look_at(warm: Warm) -> None:
    """Root needs no no_new_privs for it, so that nothing else is different."""
    program = program_beside(__file__, "restricted.py")
    warm.command = (warm.account.python, "-P", "-c", program, "alone", *warm.command)
    done = warm("run", "--", "true")
    assert done.returncode == 125, done
    assert "no run by nono warm: Permission denied: /proc/" in done.stderr


@BY_A_USER
@pytest.mark.parametrize("kind", ["landlock", "plain"])
def test_what_only_pretends_to_be_it_is_told_nothing(unstarted: Warm, kind: str) -> None:
    """A process of the same user's in somebody's sandbox, that may make the socket."""
    unstarted.account.directory(unstarted.runtime / "nono", 0o700)
    program = program_beside(__file__, "pretends.py")
    command = [unstarted.account.python, "-P", "-c", program, kind, str(unstarted.socket)]
    before, unstarted.command = unstarted.command, tuple(command)
    pretender = unstarted.popen(warm="")
    unstarted.command = before
    assert pretender.stdout is not None
    try:
        assert pretender.stdout.readline() == "listening\n"
        done = unstarted("run", "--", "true", A_KEY="a-secret-of-the-caller")
        assert done.returncode == 125
        assert "no run by nono warm" in done.stderr
        told, _ = pretender.communicate(timeout=TIMEOUT)
        assert "told" in told
        assert "a-secret" not in told
    finally:
        pretender.kill()
        pretender.communicate()


@pytest.mark.requires(root=True)
def test_another_users_is_not_trusted(root: Account, user: Account, place: object) -> None:
    """Neither by its directory, nor by whom the kernel names at the other end."""
    runtime = user.directory(user.home / "theirs", 0o700)
    user.directory(runtime / "nono", 0o700)
    path = runtime / "nono" / "warm"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        os.chown(path, user.uid, user.gid)
        listener.listen()
        asked = {"XDG_RUNTIME_DIR": str(runtime), "NONO_WARM": "required"}
        done = root(root.python, "-P", "-m", "nono.supervisor", "run", "--", "true", env=asked)
    assert done.returncode == 125
    assert "not this user's alone" in done.stderr
    path.unlink()


@BY_A_USER
@pytest.mark.long
def test_what_nobody_would_say_ends_only_its_own_connection(warm: Warm) -> None:
    """Rubbish, half a message, nothing at all, more than there may be: a process each, at most."""
    program = program_beside(__file__, "rubbish.py")
    before, warm.command = warm.command, (warm.account.python, "-P", "-c", program)
    done = warm(str(warm.socket), warm="")
    warm.command = before
    assert done.stdout == "said\n", done
    assert warm("run", "--", "echo", "x").stdout == "x\n"


@BY_A_USER
def test_runs_at_the_same_time_are_apart_and_nothing_repeats(warm: Warm) -> None:
    """What is random comes anew for each: the private directory, the tokens."""
    words = ("run", "--proxy-credential", "openai", "--", "sh", "-c")
    script = "echo $TMPDIR $OPENAI_API_KEY $MINE"
    with ThreadPoolExecutor(8) as threads:

        def one(number: int) -> list[str]:
            done = warm(
                *words,
                script,
                OPENAI_API_KEY="sk-real-as-long-as-a-key",
                NONO_GIVES_MINE=str(number),
            )
            assert done.returncode == 0, done
            return done.stdout.split()

        found = list(threads.map(one, range(16)))
    assert [each[2:] for each in found] == [[str(number)] for number in range(16)]
    assert len({each[0] for each in found}) == 16
    assert len({each[1] for each in found}) == 16


@BY_A_USER
def test_another_installation_is_not_run_and_it_ends(unstarted: Warm) -> None:
    """What was put into a directory that modules are looked for in could be another nono."""
    searched = unstarted.account.directory(unstarted.project / "modules")
    unstarted.environment["PYTHONPATH"] = str(searched)
    unstarted.start()
    assert unstarted("run", "--", "true").returncode == 0
    unstarted.account.file(searched / "something.py")
    done = unstarted("run", "-v", "--", "true", warm="1")
    assert done.returncode == 0
    assert "an ordinary start: nono was installed again" in done.stderr
    assert unstarted.process is not None
    assert unstarted.process.wait(TIMEOUT) == 0
    assert unstarted.process.stderr is not None
    assert re.search(r"no more: .*modules has changed", unstarted.process.stderr.read())


@BY_A_USER
def test_what_waits_for_its_last_run_is_in_nobodys_way(unstarted: Warm) -> None:
    """It takes no more, so nobody is to ask it, and another one may come."""
    searched = unstarted.account.directory(unstarted.project / "modules")
    unstarted.environment["PYTHONPATH"] = str(searched)
    unstarted.start()
    before = unstarted.process
    running = unstarted.popen("run", "--", "cat")
    assert running.stdin is not None and running.stdout is not None
    running.stdin.write("x\n")
    running.stdin.flush()
    assert running.stdout.readline() == "x\n"
    unstarted.account.file(searched / "something.py")
    for why in ("nono was installed again", "no nono warm of this user's is there"):
        done = unstarted("run", "-v", "--", "true", warm="1")
        assert f"an ordinary start: {why}" in done.stderr
    unstarted.start()
    assert unstarted("run", "--", "true").returncode == 0
    running.communicate("", TIMEOUT)
    assert running.returncode == 0
    assert before is not None
    before.communicate(timeout=TIMEOUT)
    assert before.returncode == 0
    # What the one that has left does at its end does not touch the other's place.
    assert unstarted("run", "--", "true").returncode == 0


@BY_A_USER
@pytest.mark.long
def test_one_that_does_not_answer_is_not_waited_for_without_end(own: Warm) -> None:
    """Nor one at whose socket others wait already, as many as can."""
    assert own.process is not None
    os.kill(own.process.pid, signal.SIGSTOP)
    waiting = []
    try:
        done = own("run", "-v", "--", "true", warm="1")
        assert "an ordinary start: nono warm has said nothing for 10 seconds" in done.stderr
        with contextlib.suppress(BlockingIOError):
            while True:
                waiting.append(socket.socket(socket.AF_UNIX))
                waiting[-1].setblocking(False)
                waiting[-1].connect(str(own.socket))
        done = own("run", "-v", "--", "true", warm="1")
        assert "an ordinary start: Resource temporarily unavailable" in done.stderr
    finally:
        for each in waiting:
            each.close()
        os.kill(own.process.pid, signal.SIGCONT)


assert sys.platform == "linux"
