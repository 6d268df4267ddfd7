"""A program of another user's is the same by setpriv(1) as by a fork of the tests' process."""

import pytest

from tests.conftest import Account
from tests.switching import in_front

LOOK = """
id
umask
pwd
ulimit -a
grep -e ^Cap -e ^Groups -e ^NoNew -e ^Seccomp -e ^Sig -e ^Uid -e ^Gid /proc/self/status
ls /proc/self/fd
tr '\\0' '\\n' < /proc/self/environ | grep -v ^LD_
"""


@pytest.mark.requires(root=True, commands=["setpriv"])
def test_it_is_the_same(user: Account) -> None:
    by_setpriv = user("sh", "-c", LOOK, "odd \udcff", env={"ODD": "\udcff"})
    forked = user("sh", "-c", LOOK, "odd \udcff", env={"ODD": "\udcff", "LD_NOTHING": ""})
    assert by_setpriv == forked
    assert f"uid={user.uid}(" in forked.stdout and "CapEff:\t0000000000000000" in forked.stdout
    assert user("sh", "-c", "kill -9 $$").returncode == -9


@pytest.mark.requires(commands=["setpriv"])
def test_what_is_for_the_program_alone_does_not_lead_setpriv() -> None:
    assert in_front(1, 2, {"PATH": "/bin"})[1:3] == ("--reuid=1", "--regid=2")
    assert in_front(1, 2, {"PATH": "/bin", "LD_PRELOAD": "/x"}) == ()
