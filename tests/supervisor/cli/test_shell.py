"""`nono shell`: whose shell it is, and what a person is told."""

from __future__ import annotations

import os

import pytest

from nono.supervisor.cli.shell import own_shell
from tests.conftest import Account, Nono


@pytest.mark.requires(landlock=2)
def test_it_says_where_one_is(nono: Nono, as_user: Account) -> None:
    as_user.file(as_user.home / ".bashrc", "echo never\n")
    done = nono("shell", env={"SHELL": "/bin/bash"}, input="echo here\n")
    (as_user.home / ".bashrc").unlink()
    assert (done.returncode, done.stdout) == (0, "here\n")
    assert done.stderr == (
        "nono: /bin/bash in a sandbox: exit or Ctrl-D leaves it; ~/.bashrc stays unread"
        " (--bypass-protection ~/.bashrc --read-file ~/.bashrc)\n"
    )
    quiet = nono("shell", "-q", input="exit 3\n")
    assert (quiet.returncode, quiet.stderr) == (3, "")


def test_the_shell_of_the_account() -> None:
    assert own_shell({"SHELL": "/bin/zsh"}) == "/bin/zsh"
    assert own_shell({}) == own_shell({"SHELL": ""})
    assert os.path.basename(own_shell({})) not in ("", "nologin", "false")
