"""A public address of the machine itself leads to its local services, so it counts as loopback."""

import pytest

from tests.conftest import Account, program_beside

pytestmark = pytest.mark.requires(landlock=2, commands=["unshare", "ip"])

PROGRAM = program_beside(__file__, "own_address.py")
OUTSIDE = program_beside(__file__, "own_address_outside.py")


@pytest.mark.parametrize("as_user", ["root"], indirect=True)
@pytest.mark.parametrize(
    ("flags", "outcome"),
    [
        (["--allow-connect-port=7777"], ["Connection refused"] * 3),
        (["--allow-domain=203.0.113.7:7777"], ["reached", "reached", "Connection refused"]),
        (
            ["--allow-domain=203.0.113.0/24:7777", "--open-port=7777"],
            ["reached", "reached", "Connection refused"],
        ),
    ],
)
def test_an_address_of_this_machine(as_user: Account, flags: list[str], outcome: list[str]) -> None:
    nono = (as_user.python, "-m", "nono.supervisor", "run", *flags, "--")
    outside = ("python3", "-c", OUTSIDE)
    done = as_user("unshare", "--net", *outside, *nono, "python3", "-c", PROGRAM)
    assert done.stdout.splitlines() == outcome, done.stderr
