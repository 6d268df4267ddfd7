"""How a run by `nono warm` is asked for, and what whoever asks in vain is told."""

import pytest

from tests.conftest import BY_A_USER, Finished
from tests.supervisor.linux.warm.conftest import Warm

pytestmark = [pytest.mark.requires(landlock=2), BY_A_USER]

RUN = ("run", "--", "echo", "x")
HAS_A_HIGH_DESCRIPTOR = "import os, sys; os.dup2(0, 251); os.execvp(sys.argv[1], sys.argv[1:])"


def test_what_is_neither_yes_nor_no_is_refused(unstarted: Warm) -> None:
    """A harness that misspells "required" is not to believe that it is."""
    for value in ("require", "REQUIRED", "yes", "on", " 1", "\n"):
        done = unstarted(*RUN, NONO_WARM=value)
        assert (done.returncode, done.stdout) == (125, ""), value
        said, hint = done.stderr.splitlines()
        assert said.startswith("nono: NONO_WARM=")
        assert said.endswith(" is none of 1, required and 0")
        assert hint == "hint: NONO_WARM=1"
    for value in ("", "0"):
        done = unstarted("run", "-v", "--", "echo", "x", NONO_WARM=value)
        assert (done.returncode, done.stdout) == (0, "x\n")
        assert "an ordinary start" not in done.stderr


def test_where_it_is_required_and_not_there_the_hint_starts_it(unstarted: Warm) -> None:
    told = "nono: no run by nono warm: no nono warm of this user's is there\nhint: nono warm &\n"
    assert unstarted(*RUN) == Finished(125, "", told)
    unstarted.start("--idle", "1h")
    assert unstarted(*RUN) == Finished(0, "x\n", "")
    assert unstarted.process is not None
    unstarted.process.kill()
    unstarted.process.communicate()
    unstarted.process = None
    assert unstarted.socket.exists()
    assert unstarted(*RUN) == Finished(125, "", told)
    unstarted.environment = {"XDG_RUNTIME_DIR": "", "HOME": ""}
    done = unstarted(*RUN)
    assert (done.returncode, done.stderr.splitlines()[1]) == (125, "hint: export HOME")


def test_a_variable_that_differs_is_named_and_not_told(warm: Warm) -> None:
    done = warm(*RUN, LC_TIME="a-secret-of-the-caller", SSL_CERT_FILE="/another-secret")
    assert done.returncode == 125
    said, hint = done.stderr.splitlines()
    assert said == ("nono: no run by nono warm: another value of LC_TIME, which Python has read")
    assert hint.startswith("hint: start nono warm from where this is started")
    # One by which Python is in another mode as well: what differs is the variable.
    by_locale = warm(*RUN, LC_ALL="de_DE.UTF-8").stderr.splitlines()[0]
    assert by_locale == "nono: no run by nono warm: another value of LC_ALL, which Python has read"


def test_who_asks_is_told_that_it_was_a_run_by_it(warm: Warm) -> None:
    assert "nono: a run by nono warm\n" in warm("run", "-v", "--", "true").stderr
    assert warm("run", "--", "true").stderr == ""


def test_a_command_line_of_very_many_words(warm: Warm) -> None:
    assert warm("run", "--", "true", *["x"] * 100_000).returncode == 0


def test_times_are_written_as_everywhere(unstarted: Warm) -> None:
    done = unstarted("warm", "--idle", "5x", warm="")
    assert done.returncode == 2
    assert "such as 90, 1.5, 90s, 5m or 2h" in done.stderr


@pytest.mark.parametrize(("limit", "is_enough"), [("40:", True), ("240:240", False)])
def test_a_descriptor_has_its_number_or_the_start_is_an_ordinary_one(
    unstarted: Warm, limit: str, is_enough: bool
) -> None:
    """What nono warm was allowed to begin with is not what its callers are."""
    before = unstarted.command
    unstarted.command = ("prlimit", f"--nofile={limit}", *before)
    unstarted.start()
    unstarted.command = (unstarted.account.python, "-c", HAS_A_HIGH_DESCRIPTOR, *before)
    done = unstarted(*RUN)
    if is_enough:
        assert done == Finished(0, "x\n", "")
    else:
        assert done.returncode == 125
        assert "no run by nono warm: descriptors up to 251\n" in done.stderr


def test_the_private_directory_is_where_the_caller_s_would_be(warm: Warm) -> None:
    """Also where `nono warm` had another TMPDIR, and none."""
    for name in ("one", "two"):
        place = warm.account.directory(warm.project / name)
        done = warm("run", "--", "sh", "-c", "echo $TMPDIR", TMPDIR=str(place))
        assert done.stdout.startswith(f"{place}/nono-"), (done.stdout, done.stderr)
    done = warm("run", "--", "sh", "-c", "echo $TMPDIR")
    assert not done.stdout.startswith(str(warm.project)), (done.stdout, done.stderr)
