"""The filtered network of the library: the same names, with a nameserver that is given."""

from __future__ import annotations

import pytest

from tests.conftest import Account
from tests.supervisor.network.world import world

pytestmark = pytest.mark.requires(landlock=4)

PROGRAM = """
import sys
from nono.supervisor import Options, make_plan, run

allowed, address, server, port = sys.argv[1:]
plan = make_plan(
    Options(allow_domain=(allowed, address), allow_cwd=True, dns=[f"{server}:{port}"]), ["python3"]
)
fetch = '''
import urllib.request
for host in "one.example.net", "two.example.net":
    try:
        print(urllib.request.urlopen("http://" + host).read().decode())
    except OSError as error:
        print(error.reason.strerror)
'''
done = run(["python3", "-c", fetch], plan, capture_output=True)
print(done.stdout.decode(), end="")
print([str(denial.request.host) for denial in done.denials])
"""


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
