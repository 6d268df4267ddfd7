"""Looking up names inside: every resolver gets the same answer, and nobody outside is asked."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from nono.supervisor.network.hosts_file import of_this_machine
from tests.conftest import BY_A_USER, Account, Nono, program_beside
from tests.supervisor.linux.network.conftest import PYTHON
from tests.supervisor.linux.network.peers import Peers

pytestmark = [pytest.mark.requires(landlock=2), BY_A_USER]

LIBC = program_beside(__file__, "libc.py")

AT_ONCE = program_beside(__file__, "at_once.py")

LOCALHOST = of_this_machine("localhost")
IS_ALSO_IPV6 = not LOCALHOST or "::1" in LOCALHOST

FOUND_BY_LIBC = """\
['198.18.0.1'] ['198.18.0.1'] 198.18.0.1
('gaierror', 'No address associated with hostname')
['198.18.0.1'] ['198.18.0.1'] 198.18.0.1
('gaierror', 'No address associated with hostname')
['198.18.0.2'] ['198.18.0.2'] 198.18.0.2
('gaierror', 'No address associated with hostname')
['198.18.0.3'] ['198.18.0.3'] 198.18.0.3
('gaierror', 'No address associated with hostname')
('api.example', [], ['198.18.0.1'])
BOTH ['127.0.0.1']
['127.0.0.1']
198.18.0.1 api.example
127.0.0.1 localhost
::1 NAME
198.18.200.200 ('herror', 'Unknown host')
8.8.8.8 ('herror', 'Unknown host')
a name.example gaierror
a..example UnicodeError
LONG.example UnicodeError
name.invalid gaierror
hidden.onion gaierror
(0, 0, 1, '198.18.0.1')
(1, 0, 0, None)
(2, 0, 0, None)
(3, 3, 0, None)
by a datagram 198.18.0.1
('ConnectionRefusedError', 'Connection refused')
('ConnectionRefusedError', 'Connection refused')
('ConnectionRefusedError', 'Connection refused')
""".replace("LONG", "x" * 64)
FOUND_BY_LIBC = FOUND_BY_LIBC.replace("BOTH", str(["127.0.0.1", "::1"][: 1 + IS_ALSO_IPV6]))
FOUND_BY_LIBC = FOUND_BY_LIBC.replace("NAME", "localhost" if IS_ALSO_IPV6 else "ip6-localhost")


def test_the_resolver_of_libc(nono: Nono, hosts: Peers) -> None:
    options = ("--allow-cwd", *hosts.world.flags(), "--allow-domain=api.example")
    done = nono("run", "-q", *options, "--", PYTHON, "-c", LIBC)
    assert done.stderr == ""
    assert done.stdout == FOUND_BY_LIBC
    assert hosts.world.dns.queries == []


OTHERS = program_beside(__file__, "others.sh")

FOUND_BY_OTHERS = """\
198.18.0.1      api.example
198.18.0.1      STREAM api.example
::ffff:198.18.0.1 STREAM api.example
::ffff:198.18.0.1 DGRAM
::ffff:198.18.0.1 RAW
LOCALHOST
198.18.0.1      api.example
exit 2
[ { address: '198.18.0.1', family: 4 } ]
[ '198.18.0.1' ] ENODATA
ENODATA [ 'api.example' ]
{ address: '127.0.0.1', family: 4 } ENOTFOUND
[ '127.0.0.1' ]
"""

ADDRESSES_OF_IPV6 = "::1             localhost ip6-localhost ip6-loopback"
ADDRESS_OF_IPV4 = f"127.0.0.1       localhost {socket.gethostname()}"


@pytest.mark.requires(commands=["node", "getent"])
def test_other_resolvers(nono: Nono, hosts: Peers) -> None:
    options = ("--allow-cwd", *hosts.world.flags(), "--allow-domain=api.example")
    done = nono("run", "-q", *options, "--", "sh", "-c", OTHERS)
    assert done.stderr == ""
    found = ADDRESSES_OF_IPV6 if IS_ALSO_IPV6 else ADDRESS_OF_IPV4
    assert done.stdout == FOUND_BY_OTHERS.replace("LOCALHOST", found)
    assert hosts.world.dns.queries == []


# Only what cannot harm the machine's own files, should nono let it through: this runs as root.
FILES = program_beside(__file__, "files.py")


@pytest.mark.parametrize(
    "flags",
    [[], ["--read", "/etc"], ["--read", "/etc", "--deny", "/etc/nothing-here"]],
    ids=["named", "in the floor", "carved"],
)
def test_the_files_that_say_how(nono: Nono, project: Path, hosts: Peers, flags: list[str]) -> None:
    options = ("--allow-cwd", *hosts.world.flags(), "--allow-domain=api.example", *flags)
    done = nono("run", "-q", *options, "--", PYTHON, "-c", FILES, project)
    assert done.stderr == ""
    texts = {}
    for path, seen in json.loads(done.stdout).items():
        texts[path] = seen["text"].splitlines()
        assert seen["ways"] == [True] * 8
        assert seen["size"] == [True, "0o100444"]
        exists, directory = "File exists", "Not a directory"
        assert seen["refused"] == [
            *["Permission denied"] * 3,
            directory,
            exists,
            "Permission denied",
        ]
        assert seen["write"] == "Bad file descriptor"
        assert seen["stat"] == [Path(path).stat().st_ino, True]
    assert texts["/etc/resolv.conf"][0] == "nameserver 127.0.0.1"
    assert "use-vc" in texts["/etc/resolv.conf"][1].split()
    own = {name for line in texts["/etc/hosts"] for name in line.split()}
    assert {"127.0.0.1", "::1", "localhost", socket.gethostname()} <= own
    assert "hosts: files dns" in texts["/etc/nsswitch.conf"]


@pytest.mark.requires(commands=["gcc"])
def test_the_lane_leads_look_ups_to_the_name_server(nono: Nono, project: Path) -> None:
    """From threads, and from a socket that does not block, all of them are answered."""
    stats = project.parent / "look-ups.json"
    options = "--allow-cwd", "--allow-domain=api.example", f"--stats-file={stats}"
    command = ("--", PYTHON, "-c", AT_ONCE)
    done = nono("run", *options, *command, env={"NONO_LANE": "compiled"})
    assert (done.stderr, done.stdout) == ("", "200 {'198.18.0.1'}\n{'198.18.0.1'}\n")
    calls = [each for each in json.loads(stats.read_text())["calls"] if each["call"] == "connect"]
    # What takes a moment is left, as when the processor that carries the answer is busy.
    assert sum(each["count"] for each in calls if each["by"] == "lane in C") > 110


def test_an_open_network_has_the_machine_s_own(nono: Nono, as_user: Account) -> None:
    for path in ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"):
        assert nono("run", "--", "cat", path) == as_user("cat", path)


ODD = program_beside(__file__, "odd_questions.py")


@pytest.mark.requires(commands=["gcc"])
def test_the_lane_answers_as_the_name_server_does(nono: Nono, hosts: Peers) -> None:
    """Whole, in pieces, pipelined, mixed, odd and giant; beside the silent, the slow, the deaf."""
    options = ("--allow-cwd", *hosts.world.flags(), "--allow-domain=api.example")
    said = []
    for lane in ("compiled", "python"):
        command = ("--", PYTHON, "-c", ODD)
        done = nono("run", "-q", *options, *command, env={"NONO_LANE": lane})
        assert done.stderr == ""
        assert done.stdout.splitlines()[-1].startswith("beside the deaf")
        said.append(done.stdout.splitlines())
    assert said[0] == said[1]
    assert len(said[0]) == 19
