"""What the public names stand for, in an open sandbox of this very process."""

import asyncio
import inspect
from pathlib import Path

import pytest

import nono
from nono.supervisor.library.asynchronous import AsyncSandbox
from nono.supervisor.library.plain import Sandbox

pytestmark = pytest.mark.requires(landlock=2)


def test_what_an_open_sandbox_gives(tmp_path: Path) -> None:
    asked: list[nono.Question] = []

    def ask(question: nono.Question) -> nono.Answer | None:
        asked.append(question)
        return None

    kept = nono.AuditOptions(env={"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)})
    policy = nono.Policy().workdir(tmp_path, allow=True)
    with nono.Sandbox(policy, audit=kept, ask=ask) as box:
        done = box.run(["cat", "/etc/shadow"], stderr=nono.DEVNULL)
        assert isinstance(done, nono.Completed) and done.session == box.session != ""
        (denial,) = done.denials
        assert isinstance(denial, nono.Denial) and len(asked) == 1
        process: nono.Process = box.start(["sh", "-c", "echo x >&2"], stderr=nono.PIPE)
        assert process.stderr is not None and process.stderr.read() == b"x\n"
        box.write("name", "")
        entries: list[nono.Entry] = box.entries()
        assert "name" in [entry.name for entry in entries]
        assert (box.workdir, box.plan.workdir) == (str(tmp_path), str(tmp_path))
        with pytest.raises(nono.ProgramError) as caught:
            box.run(["false"], check=True)
        assert caught.value.completed.returncode == 1
    assert issubclass(nono.TimeoutExpired, nono.ProgramError)


async def _asynchronous(tmp_path: Path) -> None:
    async with nono.AsyncSandbox(nono.Policy().workdir(tmp_path)) as box:
        process: nono.AsyncProcess = await box.start(["sh", "-c", "echo x"], stdout=nono.PIPE)
        assert process.stdout is not None and await process.stdout.readline() == b"x\n"
        with pytest.raises(nono.BrokenError):
            raise nono.BrokenError("as every one of the errors")


def test_what_an_asynchronous_one_gives(tmp_path: Path) -> None:
    asyncio.run(_asynchronous(tmp_path))


def test_both_kinds_of_sandbox_can_do_the_same() -> None:
    """With the same arguments."""
    plain, other = (
        {
            name: [*inspect.signature(function).parameters.items()]
            for name, function in inspect.getmembers(kind, inspect.isfunction)
            if not name.startswith("_") and name != "made_for"
        }
        for kind in (Sandbox, AsyncSandbox)
    )
    assert plain == other and "run" in plain


def test_starting_it_twice_or_elsewhere() -> None:
    with pytest.raises(nono.StartError):
        raise nono.StartError("as every one of the errors")
    with pytest.raises(nono.NonoError, match="not open"):
        nono.Sandbox().run(["true"], stdout=nono.STDOUT)
