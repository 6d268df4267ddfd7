"""Datagrams to the addresses that hand out a cloud machine's credentials: what is left open."""

import pytest

from tests.conftest import Nono

pytestmark = pytest.mark.requires(landlock=2)

PROGRAM = """
import errno, socket
def tried(kind, act, *arguments):
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.settimeout(1)
        try:
            getattr(sock, act)(*arguments)
            return "sent"
        except OSError as error:
            return errno.errorcode.get(error.errno, str(error))
for address in ("169.254.169.254", "100.100.100.200"):
    print(tried(socket.SOCK_STREAM, "connect", (address, 80)))
    print(tried(socket.SOCK_DGRAM, "connect", (address, 53)))
    print(tried(socket.SOCK_DGRAM, "sendto", b"x", (address, 53)))
"""


def test_connecting_is_refused_and_sending_is_the_networks_to_say(nono: Nono) -> None:
    """docs/threat-model.md, known limits."""
    done = nono("run", "--", "/usr/bin/python3", "-c", PROGRAM)
    connects = done.stdout.split()
    sent = [connects.pop(place) for place in (5, 2)]
    assert connects == ["ECONNREFUSED"] * 4, done.stdout + done.stderr
    assert not {"ECONNREFUSED", "EPERM", "EACCES"} & {*sent}
    blocked = nono("run", "--block-net", "--", "/usr/bin/python3", "-c", PROGRAM)
    assert "sent" not in blocked.stdout
