"""A working directory that cannot be used: which directory, and what is the matter with it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from nono.supervisor.errors import UsageError
from nono.supervisor.places import absolute
from nono.supervisor.planning.paths import workdir
from nono.supervisor.planning.paths.group_paths import Expander
from nono.supervisor.planning.profiles.profile_paths import Variables
from tests.conftest import Account


def test_what_is_not_there_and_what_is_no_directory(tmp_path: Path) -> None:
    home = str(tmp_path)
    (tmp_path / "file").touch()
    for name, what in (("none", "no such directory"), ("file", "not a directory")):
        with pytest.raises(UsageError, match=f"--workdir {tmp_path}/{name}: {what}") as found:
            workdir.working_directory(f"{tmp_path}/{name}", home)
        is_absent = name == "none"
        assert found.value.hint == (f"ls {tmp_path}" if is_absent else f"ls -ld {tmp_path}/file")
    assert workdir.working_directory(str(tmp_path), home) == os.path.realpath(tmp_path)


def test_a_deleted_one_is_not_missed_where_another_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    home = str(tmp_path)
    for given in (None, "below"):
        with pytest.raises(UsageError, match="the working directory was deleted"):
            workdir.working_directory(given, home)
    assert workdir.working_directory(str(tmp_path), home) == os.path.realpath(tmp_path)


def test_one_without_the_right_to_enter_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: path != str(tmp_path / "closed"))
    (tmp_path / "closed").mkdir()
    with pytest.raises(
        UsageError, match=f"{tmp_path}/closed: this user may not search it"
    ) as found:
        workdir.working_directory(f"{tmp_path}/closed", "/home")
    assert found.value.hint == f"ls -ld {tmp_path}/closed"


@pytest.mark.requires(commands=["setpriv"])
@pytest.mark.skipif(os.geteuid() != 0, reason="only root enters what others may not")
def test_one_that_this_user_may_not_enter(user: Account, place: Path) -> None:
    closed = place / "closed"
    (closed / "inside").mkdir(parents=True)
    closed.chmod(0o700)
    command = [user.python, "-P", "-m", "nono.supervisor", "run", "--allow-cwd", "true"]
    # As a shell that has entered it before: not by Popen, which changes to it as the user.
    users = ("setpriv", f"--reuid={user.uid}", f"--regid={user.gid}", "--clear-groups")
    try:
        done = Account(user.name, 0, 0, user.home, user.python, user.environment)(
            *users, *command, cwd=closed / "inside"
        )
    finally:
        shutil.rmtree(closed)
    assert done.returncode == 125
    assert done.stderr.splitlines() == [
        f"nono: the working directory: this user may not search {closed}",
        f"hint: ls -ld {closed}",
    ]


def test_the_root_as_a_home() -> None:
    """Docker's for a user without an entry in /etc/passwd."""
    assert absolute("~/.ssh", "/", "/work") == "/.ssh"
    assert absolute("~", "/", "/work") == "/"
    assert Variables({}, "/", "/work").path("~/.aider/*.env") == "/.aider/*.env"
    assert "/.ssh" in Expander("/", "/work")("~/.ssh")
