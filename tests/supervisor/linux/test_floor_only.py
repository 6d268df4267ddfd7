"""Without the broker: the kernel's floor is all there is, and it holds."""

from collections.abc import Callable

import pytest

from tests.conftest import CHECKOUT, Account, Nono, Secret, program_beside

pytestmark = pytest.mark.requires(landlock=6)

SCRIPT = program_beside(__file__, "floor_only.py")


def test_the_floor_holds_alone(nono: Nono, secret: Callable[[str], Secret]) -> None:
    hidden = secret("hidden.txt")
    command = ("/usr/bin/python3", "-c", SCRIPT, hidden.path)
    done = nono("run", "--floor-only", "--allow-cwd", "--", *command)
    assert done.returncode == 0, done.stderr
    assert "without the broker the program may change what runs by itself" in done.stderr
    assert hidden.text not in done.stdout
    assert "WON" not in done.stdout
    assert done.stdout.count("Error") == 5


def test_it_is_said_that_no_host_is_found_by_its_name(nono: Nono) -> None:
    def said(*options: str) -> str:
        return nono("run", "--floor-only", *options, "--", "true").stderr

    hosts = ("--allow-domain", "api.example.org")
    why = "what flag --allow-domain api.example.org allows is not reached: --network=proxy reaches"
    assert why in said(*hosts)
    assert "not reached" not in said(*hosts, "--network=proxy") + said("--open-port", "8000")


def test_inside_itself_the_error_names_the_flag(nono: Nono, as_user: Account) -> None:
    inner = (as_user.python, "-P", "-m", "nono.supervisor", "run")
    readable = ("--read", CHECKOUT)
    done = nono("run", "--allow-cwd", *readable, "--", *inner, "--", "true")
    assert done.returncode == 125
    assert "--floor-only" in done.stderr
    # That is all: the inner one is refused nothing before it says so.
    assert [line[:6] for line in done.stderr.splitlines()] == ["nono: ", "hint: "], done.stderr


def test_inside_itself_it_runs_with_the_flag(nono: Nono, as_user: Account) -> None:
    inner = (as_user.python, "-P", "-m", "nono.supervisor", "run", "--floor-only")
    readable = ("--read", CHECKOUT)
    done = nono("run", "--allow-cwd", *readable, "--", *inner, "--", "sh", "-c", "echo hi; exit 3")
    assert (done.returncode, done.stdout) == (3, "hi\n"), done.stderr
