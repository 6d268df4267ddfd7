"""A start of nono in a fork is as another one, for whoever looks at what nono does."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import Account, Finished

_TELLS = """
import os, signal, sys
print(sys.argv[1:], os.getcwd(), sorted(os.listdir("/proc/self/fd")), sorted(os.environ))
print(signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGPIPE), oct(os.umask(0)))
print(os.getsid(0) == os.getppid(), sys.stdin.read())
print("said", file=sys.stderr)
sys.exit(7)
"""


def _both(account: Account, *words: str, cwd: Path) -> list[Finished]:
    return [
        account.nono(*words, cwd=cwd, env={"MINE": "1"}, input="given\r\nto it", forked=forked)
        for forked in (False, True)
    ]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (7, ("run", "--allow-cwd", "--", "python3", "-c", _TELLS, "a", "b")),
        (-9, ("run", "--", "sh", "-c", "kill -9 $$")),
        (125, ("run", "--no-such-option")),
        (0, ("run", "--dry-run", "--", "true")),
        (1, ("why", "--path", "/usr")),
        (0, ("profile", "show", "default")),
    ],
)
def test_it_says_the_same_and_ends_alike(
    as_user: Account, project: Path, status: int, words: tuple[str, ...]
) -> None:
    by_itself, forked = _both(as_user, *words, cwd=project)
    assert forked == by_itself
    assert forked.returncode == status


_HOST = """
import multiprocessing, threading, nono
from nono.supervisor.session import loaded
assert __name__ == "__main__" and sys.modules["__main__"].os is os
print(sorted(globals()), sys.flags.safe_path, sys.path, sys.dont_write_bytecode)
print(threading.active_count(), multiprocessing.active_children())
print(loaded.load_everything.cache_info())
print(nono.run(["pwd"], capture_output=True).stdout, os.listdir("/proc/self/fd"))
os.putenv("MINE", "2")
raise SystemExit(7)
"""


def test_a_host_is_the_same(as_user: Account, project: Path) -> None:
    program = _TELLS.replace("sys.exit(7)", _HOST)
    by_itself, forked = (
        account.host(program, "a", "b", cwd=project, env={"MINE": "1"}, input="given\r\nto it")
        for account in (replace(as_user, hosts=None), as_user)
    )
    assert forked == by_itself
    assert forked.returncode == 7


def test_a_host_that_fails_says_where(user: Account) -> None:
    done = user.host("def fails():\n    1 / 0\nfails()")
    assert done.returncode == 1
    assert done.stderr.endswith(
        '  File "<string>", line 3, in <module>\n  File "<string>", line 2, in fails\n'
        "ZeroDivisionError: division by zero\n"
    )


def test_where_the_programs_of_tests_are_is_searched_by_nono(
    as_user: Account, project: Path
) -> None:
    """So it is its own code, and none that a program inside changes."""
    searched = as_user.directory(project / "searched/programs").parent
    command = ("run", "--allow-cwd", "--", "sh", "-c", "echo x > searched/ssl.py; echo x > own.py")
    by_itself, forked = (
        as_user.nono(*command, cwd=project, env={"PYTHONPATH": str(searched)}, forked=each)
        for each in (False, True)
    )
    assert forked == by_itself
    assert [*searched.iterdir()] == [searched / "programs"]
    assert (project / "own.py").exists()
    assert "searched/ssl.py" in forked.stderr
    assert as_user.nono(*command, cwd=project).returncode == 0
    assert (searched / "ssl.py").exists()


def test_who_is_over_time_is_killed_with_all_that_it_said(as_user: Account, project: Path) -> None:
    command = ("run", "--allow-cwd", "--", "sh", "-c", "echo began; exec sleep 1000")
    with pytest.raises(subprocess.TimeoutExpired) as error:
        as_user.nono(*command, cwd=project, timeout=3)
    assert error.value.output in (b"", b"began\n")
    assert as_user.nono("run", "--", "true", cwd=project).returncode == 0


def test_what_leads_an_interpreter_and_a_closed_directory_are_no_fork_s(user: Account) -> None:
    assert user.forks is not None
    start = ("run", "--", "true")
    environment = dict(user.environment)
    assert user.forks.run(start, user.home, environment, None, 60) is not None
    for name in ("LC_ALL", "LD_DEBUG", "NONO_LANE", "PYTHONPATH"):
        assert user.forks.run(start, user.home, {**environment, name: "x"}, None, 60) is None
    assert user.forks.run(("run", "--", "a\0b"), user.home, environment, None, 60) is None
    assert user.forks.run(start, user.home / "missing", environment, None, 60) is None


@pytest.mark.requires(root=True)
def test_a_directory_that_root_alone_enters(user: Account, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert os.geteuid() != user.uid
    done = user.nono("run", "--", "true", cwd=tmp_path)
    assert done == user.nono("run", "--", "true", cwd=tmp_path, forked=False)
