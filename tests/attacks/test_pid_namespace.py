"""Started in a pid namespace whose /proc is another's: thread ids would mean other processes."""

import os
from pathlib import Path

import pytest

from nono.supervisor.errors import StartError
from nono.supervisor.linux import confine
from tests.conftest import Account

pytestmark = pytest.mark.requires(landlock=2, commands=["unshare"])


@pytest.mark.parametrize("mounting", [(), ("--mount-proc",)], ids=["old", "own"])
def test_only_with_a_proc_of_its_own(
    root: Account, tmp_path: Path, mounting: tuple[str, ...]
) -> None:
    nono = (root.python, "-P", "-m", "nono.supervisor", "run", "--", "echo", "ran")
    done = root("unshare", "--pid", "--fork", *mounting, *nono)
    if mounting:
        assert (done.returncode, done.stdout) == (0, "ran\n"), done.stderr
        return
    assert (done.returncode, done.stdout) == (125, "")
    assert "another pid namespace" in done.stderr
    assert "\nhint: unshare" in done.stderr


@pytest.mark.parametrize("shown", ["1", None])
def test_what_proc_shows(monkeypatch: pytest.MonkeyPatch, shown: str | None) -> None:
    confine.check_proc()
    true = os.readlink

    def readlink(path: str) -> str:
        if shown is None:
            raise FileNotFoundError(2, "none", path)
        return shown if path == "/proc/self" else true(path)

    monkeypatch.setattr(os, "readlink", readlink)
    with pytest.raises(StartError):
        confine.check_proc()
