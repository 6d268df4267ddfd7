"""The filtered network of the library: the same names, with a nameserver that is given."""

from __future__ import annotations

import pytest

from tests.conftest import Account, program_beside
from tests.supervisor.network.world import world

pytestmark = pytest.mark.requires(landlock=2)

PROGRAM = program_beside(__file__, "library.py")


def test_hosts_by_name(as_user: Account) -> None:
    with world() as made:
        one, two = made.http("one.example.net"), made.http("two.example.net")
        place = (one.name, f"{one.address}:80", made.dns.address, str(made.dns.port))
        done = as_user(as_user.python, "-P", "-c", PROGRAM, *place)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "this is one.example.net",
        "Connection refused",
        "['two.example.net']",
    ]
    assert two.connections == []
