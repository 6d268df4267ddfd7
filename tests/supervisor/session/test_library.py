"""The library in programs of every kind: what is left of a run, and how it fails."""

from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, program_beside
from tests.supervisor.session.library import program

pytestmark = pytest.mark.requires(landlock=2)


@BY_A_USER
def test_nothing_is_left_after_fifty_runs(as_user: Account, project: Path) -> None:
    """Good runs, failed ones and cancelled ones: no descriptor, thread or process stays."""
    text = program_beside(__file__, "fifty_runs.py")
    program(as_user, project, text)


@BY_A_USER
def test_some_of_many_at_once_find_no_descriptor(as_user: Account, project: Path) -> None:
    """Those say so in words; the others run to their end, and nothing is lost of either."""
    text = program_beside(__file__, "descriptors.py")
    program(as_user, project, text)


@BY_A_USER
def test_an_interrupt_comes_as_itself(as_user: Account, project: Path) -> None:
    text = program_beside(__file__, "interrupt.py")
    assert program(as_user, project, text).stdout == "interrupted\n"


@BY_A_USER
def test_errors_of_many_kinds_come_alone(as_user: Account, project: Path) -> None:
    text = program_beside(__file__, "errors.py")
    words = program(as_user, project, text).stdout.splitlines()
    errors = ["TypeError", "UsageError", "UsageError", "UsageError", "NoDirectory", "CommandError"]
    assert words == [*errors, "the sandbox is closed"]


@BY_A_USER
def test_what_the_program_leaves_unread_or_writes_in_heaps(as_user: Account, project: Path) -> None:
    text = program_beside(__file__, "heaps.py")
    program(as_user, project, text)


@BY_A_USER
def test_the_working_directory_of_now(as_user: Account, project: Path) -> None:
    """And not of the time when the fork server was started."""
    text = """
run(["true"], policy)
os.makedirs("sub/deeper")
os.chdir("sub")
print(run(["pwd"], policy, capture_output=True).stdout.decode().strip()[-4:])
print(run(["pwd"], policy, cwd="deeper", capture_output=True).stdout.decode().strip()[-11:])
"""
    assert program(as_user, project, text).stdout.splitlines() == ["/sub", "/sub/deeper"]


def test_nothing_is_imported_from_the_working_directory(as_user: Account, project: Path) -> None:
    """It may be somebody else's project, and the fork server is outside the sandbox."""
    planted = "raise SystemExit(open('planted', 'w').write('ran'))"
    for name in (
        "msgpack.py",
        "socket.py",
        "nono/supervisor/linux/launch/fork_server.py",
        "cffi.py",
    ):
        as_user.file(project / name, planted)
    program(as_user, project, "assert run(['true'], policy).returncode == 0")
    assert not (project / "planted").exists()


@BY_A_USER
def test_a_process_that_was_forked_runs_programs_too(as_user: Account, project: Path) -> None:
    text = """
run(["true"], policy)
pid = os.fork()
done = [run(["echo", str(n)], policy, capture_output=True).stdout for n in range(5)]
if pid == 0:
    os._exit(0 if done == [b"%d\\n" % n for n in range(5)] else 1)
print(os.waitpid(pid, 0)[1], done == [b"%d\\n" % n for n in range(5)])
"""
    assert program(as_user, project, text).stdout == "0 True\n"


def test_a_program_of_a_forked_process_has_its_own_proc(as_user: Account, project: Path) -> None:
    text = """
import nono.supervisor.linux.calls.thread
pid = os.fork()
if pid:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
done = run(["cat", "/proc/self/comm"], policy, capture_output=True)
assert (done.stdout, done.denials) == (b"cat\\n", ()), done
"""
    program(as_user, project, text)


def test_what_was_refused_and_what_went_wrong(as_user: Account, project: Path) -> None:
    text = program_beside(__file__, "refused_and_wrong.py")
    program(as_user, project, text)
