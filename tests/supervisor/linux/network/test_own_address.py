"""A public address of the machine itself leads to its local services, so it counts as loopback."""

import pytest

from tests.conftest import Account

pytestmark = pytest.mark.requires(landlock=4, commands=["unshare", "ip"])

PROGRAM = """
import socket
for address in ("203.0.113.7", "::ffff:203.0.113.7", "2001:db8::7"):
    try:
        with socket.create_connection((address, 7777), 5) as connection:
            print(connection.recv(100).decode())
    except OSError as error:
        print(error.strerror)
"""
OUTSIDE = """
import socket, subprocess, sys, threading
for words in (
    "link set lo up",
    "address add 203.0.113.7/32 dev lo",
    "address add 2001:db8::7/128 dev lo nodad",
):
    subprocess.run(["ip", *words.split()], check=True)
listener = socket.create_server(("::", 7777), family=socket.AF_INET6, dualstack_ipv6=True)
def serve():
    while True:
        accepted, _ = listener.accept()
        with accepted:
            accepted.sendall(b"reached")
threading.Thread(target=serve, daemon=True).start()
sys.exit(subprocess.run(sys.argv[1:]).returncode)
"""


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
