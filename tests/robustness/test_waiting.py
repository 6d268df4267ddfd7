"""Calls that wait: only their caller waits, and killing it frees whatever waited for it."""

import pytest

from tests.conftest import BY_A_USER, Account, Nono, program_beside

pytestmark = [pytest.mark.requires(landlock=2), BY_A_USER]

FIFO = program_beside(__file__, "fifo.py")


@pytest.mark.parametrize("flags", [(), ("--deny", "denied")], ids=["in the floor", "carved"])
def test_fifos(nono: Nono, flags: tuple[str, ...]) -> None:
    command = ("/usr/bin/python3", "-c", FIFO)
    done = nono("run", "--allow-cwd", *flags, "--json", "--", *command)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "b'through'",
        "b'through'",
        "No such device or address",
        "9",
        "9",
    ]
    assert '"internal_errors": []' in done.stderr


def test_a_session_ends_while_a_call_waits(nono: Nono) -> None:
    script = "mkfifo f; cat f & while [ ! -e go ]; do touch go; done; exit 4"
    done = nono("run", "--allow-cwd", "--deny", "denied", "--", "sh", "-c", script)
    assert done.returncode == 4


BACKLOG = program_beside(__file__, "backlog.py")


def test_a_connect_that_waits_holds_up_nobody(nono: Nono) -> None:
    done = nono("run", "--allow-cwd", "--", "/usr/bin/python3", "-c", BACKLOG)
    assert (done.returncode, done.stdout) == (0, "9\n" * 4), done.stderr


TOGGLED = program_beside(__file__, "toggled.py")


def test_a_connect_that_blocks_after_all_outlasts_no_limit(nono: Nono) -> None:
    """O_NONBLOCK is cleared while nono tries: the program holds up itself, not its run's end."""
    command = ("/usr/bin/python3", "-c", TOGGLED)
    done = nono("run", "--allow-cwd", "--timeout", "5", "--", *command)
    assert done.returncode == 124, done.stderr


LEASE = program_beside(__file__, "lease.py")


def test_a_lease_holds_up_only_who_wants_the_file(nono: Nono, as_user: Account) -> None:
    command = ("/usr/bin/python3", "-c", LEASE)
    done = nono("run", "--allow-cwd", "--deny", "denied", "--", *command)
    assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
