"""The library: sandboxes in a trio program, and one call without trio."""

import os
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import trio

from nono.supervisor import CommandError, Completed, Options, Plan, make_plan, open_sandbox, run

pytestmark = pytest.mark.requires(landlock=2)

PYTHON = "/usr/bin/python3"


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path_factory.mktemp("place")
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def plan(place: Path) -> Plan:
    return make_plan(Options(allow_cwd=True), [PYTHON])


def python(text: str) -> list[str]:
    return [PYTHON, "-c", text]


async def run_many(plan: Plan, texts: list[str]) -> list[Completed]:
    """Each in a sandbox of its own, all at the same time."""
    done: dict[int, Completed] = {}

    async def one(number: int, text: str) -> None:
        async with open_sandbox(plan) as box:
            done[number] = await box.run(python(text), capture_output=True)

    async with trio.open_nursery() as nursery:
        for number, text in enumerate(texts):
            nursery.start_soon(one, number, text)
    return [done[number] for number in range(len(texts))]


async def test_a_program_runs_with_its_streams(plan: Plan) -> None:
    async with open_sandbox(plan) as box:
        echo = "import sys; d = sys.stdin.buffer.read(); sys.stdout.buffer.write(d[::-1]); exit(3)"
        done = await box.run(python(echo), input=bytes(range(256)) * 1000, capture_output=True)
    assert done.returncode == 3
    assert done.stdout == (bytes(range(256)) * 1000)[::-1]
    assert (done.stderr, done.denials) == (b"", ())


async def test_what_is_refused_is_said(plan: Plan) -> None:
    async with open_sandbox(plan) as box:
        done = await box.run(python("open('/etc/shadow')"), capture_output=True)
    assert done.returncode == 1
    assert [denial.request.path for denial in done.denials] == ["/etc/shadow"]  # type: ignore[union-attr]


async def test_many_sandboxes_at_a_time(plan: Plan) -> None:
    texts = [
        f"open('f{n}', 'w').write('x' * {n}); print(len(open('f{n}').read()))" for n in range(8)
    ]
    done = await run_many(plan, texts)
    assert [int(each.stdout or b"") for each in done] == list(range(8))


async def test_sandboxes_do_not_share_what_is_their_own(plan: Plan) -> None:
    async with open_sandbox(plan) as one, open_sandbox(plan) as other:
        name = f"/tmp/nono-test-{os.getpid()}"
        made = await one.run(
            python(f"open({name!r}, 'x').write('own'); print(open({name!r}).read())")
        )
        try:
            read = await other.run(python(f"open({name!r})"), capture_output=True)
        finally:
            os.unlink(name)
        assert made.returncode == 0
        assert read.returncode == 1
        assert other.tmpdir != one.tmpdir
        there = await other.run(
            python(f"import os; os.listdir({one.tmpdir!r})"), capture_output=True
        )
        assert there.returncode == 1
    assert not os.path.exists(one.tmpdir)


async def test_cancelling_ends_every_process(plan: Plan, place: Path) -> None:
    text = (
        "import os, subprocess, time\n"
        "subprocess.Popen(['setsid', 'sh', '-c', 'while :; do touch alive; sleep 0.05; done'])\n"
        "open('started', 'w').close()\n"
        "time.sleep(60)\n"
    )
    async with open_sandbox(plan) as box, trio.open_nursery() as nursery:
        nursery.start_soon(box.run, python(text))
        with trio.fail_after(30):
            while not (place / "alive").exists():
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()
    (place / "alive").unlink(missing_ok=True)
    await trio.sleep(0.3)
    assert not (place / "alive").exists()


async def test_errors_come_alone(plan: Plan) -> None:
    async with open_sandbox(plan) as box:
        with pytest.raises(CommandError) as caught:
            await box.run(["no-such-command"])
        assert caught.value.exit_code == 127
        done = await box.run(["true"])  # the sandbox is still good
    assert done.returncode == 0


def test_one_call_without_trio(plan: Plan) -> None:
    done = run(python("print('hello')"), plan, capture_output=True)
    assert (done.returncode, done.stdout) == (0, b"hello\n")
    assert run(["sh", "-c", "kill -9 $$"], plan).returncode == -9


def test_a_timeout_ends_it(plan: Plan) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run(["sleep", "60"], plan, timeout=0.5)


def test_it_works_from_any_thread(plan: Plan) -> None:
    done: list[Completed] = []
    thread = threading.Thread(target=lambda: done.append(run(["true"], plan)))
    thread.start()
    thread.join(60)
    assert [each.returncode for each in done] == [0]


@pytest.fixture
def descriptors_before(plan: Plan) -> Iterator[set[str]]:
    run(["true"], plan)  # starts the fork server, which stays
    yield set(os.listdir("/proc/self/fd"))


def test_nothing_is_left_over(plan: Plan, descriptors_before: set[str]) -> None:
    from nono.supervisor.linux.processes import children_of  # elsewhere it is not there

    # Of every thread: the server is another thread's once the one that started it has ended.
    before = set(children_of(os.getpid()))
    for _ in range(6):
        run(["true"], plan, capture_output=True)
        with pytest.raises(CommandError):
            run(["no-such-command"], plan, input=b"x", capture_output=True)
    assert set(os.listdir("/proc/self/fd")) == descriptors_before
    assert set(children_of(os.getpid())) == before
    assert not [thread for thread in threading.enumerate() if thread.name == "nono-loop"]


def test_plans_are_values(plan: Plan) -> None:
    work = partial(run, ["true"], plan)
    assert work().returncode == work().returncode == 0
