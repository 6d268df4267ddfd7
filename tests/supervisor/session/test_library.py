"""The library in programs of every kind: what is left of a run, and how it fails."""

from pathlib import Path

import pytest

from tests.conftest import Account
from tests.supervisor.session.library import program

pytestmark = pytest.mark.requires(landlock=6)


def test_nothing_is_left_after_fifty_runs(as_user: Account, project: Path) -> None:
    """Good runs, failed ones and cancelled ones: no descriptor, thread or process stays."""
    text = """
async def batch(box):
    assert (await box.run(["cat"], input=b"x" * 100_000, capture_output=True)).returncode == 0
    for wrong in (["no-such-command"], []):
        try:
            await box.run(wrong, capture_output=True, input=b"x")
        except (CommandError, UsageError):
            pass
    try:
        await box.run(["true"], cwd="absent", capture_output=True, input=b"x")
    except StartError:
        pass
    with trio.move_on_after(0.02):
        await box.run(["sleep", "1000"], capture_output=True, input=b"x")

async def main(count):
    for _ in range(count):
        async with open_sandbox(policy) as box:
            await batch(box)

def state():
    await_that(lambda: len(below(os.getpid())) == 1)  # the fork server
    names = sorted(t.name for t in threading.enumerate() if "Trio" not in t.name)
    return sorted(os.listdir("/proc/self/fd")), names

trio.run(main, 1)
before = state(), len(os.listdir(f"/proc/{server()}/fd"))
trio.run(main, 10)
after = state(), len(os.listdir(f"/proc/{server()}/fd"))
assert before == after, (before, after)
assert not [name for name in os.listdir("/tmp") if name.startswith(f"nono-{os.getpid()}")]
"""
    program(as_user, project, text)


def test_an_interrupt_comes_as_itself(as_user: Account, project: Path) -> None:
    text = """
def interrupt():
    await_that(lambda: os.path.exists("started"))
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt).start()
try:
    run(["sh", "-c", "sleep 1000 & : > started; sleep 1000"], policy, capture_output=True)
except KeyboardInterrupt:
    print("interrupted")
await_that(lambda: len(below(os.getpid())) == 1)
"""
    assert program(as_user, project, text).stdout == "interrupted\n"


def test_errors_of_many_kinds_come_alone(as_user: Account, project: Path) -> None:
    text = """
async def main():
    async with open_sandbox(policy) as box:
        for wrong, options in (
            ("true", {}), ([], {}), (["true", "a\\0b"], {}), (["true"], {"env": {"A": "\\0"}}),
            (["true"], {"cwd": "absent"}), (["./absent"], {}),
        ):
            try:
                await box.run(wrong, **options)
            except Exception as error:
                print(type(error).__name__)
    try:
        await box.run(["true"])
    except UsageError as error:
        print(error)
trio.run(main)
"""
    words = program(as_user, project, text).stdout.splitlines()
    errors = ["TypeError", "UsageError", "UsageError", "UsageError", "StartError", "CommandError"]
    assert words == [*errors, "the sandbox is closed"]


def test_what_the_program_leaves_unread_or_writes_in_heaps(as_user: Account, project: Path) -> None:
    text = """
heap = b"0123456789abcdef" * (1 << 18)
done = run(["true"], policy, input=heap, capture_output=True)
assert (done.returncode, done.stdout) == (0, b"")
both = "import os; data = open(0, 'rb').read(); [open(n, 'wb').write(data) for n in (2, 1)]"
done = run([PYTHON, "-c", both], policy, input=heap, capture_output=True)
assert done.stdout == done.stderr == heap
# An orphan that holds the pipe does not hold up the run.
done = run(["sh", "-c", "setsid sleep 1000 & echo out"], policy, capture_output=True)
assert done.stdout == b"out\\n"
"""
    program(as_user, project, text)


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


def test_what_was_refused_and_what_went_wrong(as_user: Account, project: Path) -> None:
    text = """
from nono.supervisor.linux.calls import handlers
def fail(call, enforcement):
    raise RuntimeError("on purpose")
handlers.HANDLERS = {**handlers.HANDLERS, "chmod": fail, "fchmodat": fail}
script = "cat /etc/shadow; chmod 700 .; cat /etc/gshadow; exit 3"
done = run(["sh", "-c", script], policy, capture_output=True)
assert done.returncode == 3
assert [denial.request.path for denial in done.denials] == ["/etc/shadow", "/etc/gshadow"]
assert len(done.faults) == 1 and "on purpose" in done.faults[0]
assert b"Permission denied" in done.stderr
"""
    program(as_user, project, text)
