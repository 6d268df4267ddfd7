"""Looking up names inside: every resolver gets the same answer, and nobody outside is asked."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tests.conftest import Account, Nono
from tests.supervisor.linux.network.conftest import PYTHON
from tests.supervisor.linux.network.peers import Peers

pytestmark = pytest.mark.requires(landlock=4)

LIBC = r"""
import socket, struct
def said(function, *arguments):
    try:
        return function(*arguments)
    except OSError as error:
        return type(error).__name__, error.strerror
def addresses(*arguments):
    return sorted({entry[4][0] for entry in socket.getaddrinfo(*arguments)})

for name in ("api.example", "API.Example.", "b\u00fccher.example", "not-allowed.example"):
    print(addresses(name, 443), addresses(name, 443, socket.AF_INET), socket.gethostbyname(name))
    print(said(socket.getaddrinfo, name, 443, socket.AF_INET6))
print(socket.gethostbyname_ex("api.example"))
print(addresses("localhost", 80), addresses("deeper.localhost", 80, socket.AF_INET))
print(addresses(socket.gethostname(), 80))
for name in ("198.18.0.1", "127.0.0.1", "::1", "198.18.200.200", "8.8.8.8"):
    print(name, said(lambda: socket.gethostbyaddr(name)[0]))
for name in ("a name.example", "a..example", "x" * 64 + ".example", "name.invalid", "hidden.onion"):
    try:
        print(name, socket.getaddrinfo(name, 443))
    except (OSError, UnicodeError) as error:
        print(name, type(error).__name__)

def ask(sock, name, kind, identity):
    labels = b"".join(bytes([len(label)]) + label for label in name.encode().split(b"."))
    query = struct.pack(">6H", identity, 0x0100, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, kind, 1)
    sock.sendall(struct.pack(">H", len(query)) + query)

def reply(file):
    (length,) = struct.unpack(">H", file.read(2))
    message = file.read(length)
    identity, flags, _, answers, _, _ = struct.unpack(">6H", message[:12])
    return identity, flags & 15, answers, socket.inet_ntoa(message[-4:]) if answers else None

with socket.create_connection(("127.0.0.1", 53)) as sock, sock.makefile("rb") as file:
    for identity, (name, kind) in enumerate(
        [("api.example", 1), ("api.example", 28), ("api.example", 16), ("x.onion", 1)]
    ):
        ask(sock, name, kind, identity)
    for _ in range(4):
        print(reply(file))
for family, kind, where in (
    (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 53)),
    (socket.AF_INET6, socket.SOCK_STREAM, ("::1", 53)),
    (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.2", 53)),
):
    print(said(lambda: socket.socket(family, kind).connect(where)))
"""

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
['127.0.0.1', '::1'] ['127.0.0.1']
['127.0.0.1']
198.18.0.1 api.example
127.0.0.1 localhost
::1 localhost
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
('OSError', 'Protocol not supported')
('ConnectionRefusedError', 'Connection refused')
('ConnectionRefusedError', 'Connection refused')
""".replace("LONG", "x" * 64)


def test_the_resolver_of_libc(nono: Nono, hosts: Peers) -> None:
    options = ("--allow-cwd", *hosts.world.flags(), "--allow-domain=api.example")
    done = nono("run", "-q", *options, "--", PYTHON, "-c", LIBC)
    assert done.stderr == ""
    assert done.stdout == FOUND_BY_LIBC
    assert hosts.world.dns.queries == []


OTHERS = r"""
getent hosts api.example; getent ahosts api.example | head -n 1; getent ahostsv6 api.example | sed 's/ *$//'
getent hosts localhost | head -n 1; getent hosts 198.18.0.1; getent hosts missing..example
echo "exit $?"
node -e '
const dns = require("dns");
(async () => {
    const said = async promise => { try { return await promise } catch (error) { return error.code } };
    const p = dns.promises;
    console.log(await said(p.lookup("api.example", {all: true})));
    console.log(await said(p.resolve4("api.example")), await said(p.resolve6("api.example")));
    console.log(await said(p.resolve("api.example", "TXT")), await said(p.reverse("198.18.0.1")));
    console.log(await said(p.lookup("localhost", 4)), await said(p.resolve4("name.invalid")));
    console.log(dns.getServers());
})();'
"""

FOUND_BY_OTHERS = """\
198.18.0.1      api.example
198.18.0.1      STREAM api.example
::ffff:198.18.0.1 STREAM api.example
::ffff:198.18.0.1 DGRAM
::ffff:198.18.0.1 RAW
::1             localhost ip6-localhost ip6-loopback
198.18.0.1      api.example
exit 2
[ { address: '198.18.0.1', family: 4 } ]
[ '198.18.0.1' ] ENODATA
ENODATA [ 'api.example' ]
{ address: '127.0.0.1', family: 4 } ENOTFOUND
[ '127.0.0.1' ]
"""


@pytest.mark.requires(commands=["node", "getent"])
def test_other_resolvers(nono: Nono, hosts: Peers) -> None:
    options = ("--allow-cwd", *hosts.world.flags(), "--allow-domain=api.example")
    done = nono("run", "-q", *options, "--", "sh", "-c", OTHERS)
    assert done.stderr == ""
    assert done.stdout == FOUND_BY_OTHERS
    assert hosts.world.dns.queries == []


# Only what cannot harm the machine's own files, should nono let it through: this runs as root.
FILES = r"""
import json, mmap, os, sys
os.chdir(sys.argv[1])
PATHS = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf")
def said(function, *arguments):
    try:
        function(*arguments)
    except OSError as error:
        return error.strerror
    return "ok"
def content(fd):
    with open(fd, "rb") as file:
        return file.read().decode()
def mapped(path):
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as memory:
        return memory[:].decode()
etc = os.open("/etc", os.O_PATH)
found = {}
for path in PATHS:
    name = os.path.basename(path)
    text = content(os.open(path, os.O_RDONLY))
    link = f"link-{name}"
    os.symlink(path, link)
    ways = [
        content(os.open(name, os.O_RDONLY, dir_fd=etc)),
        content(os.open(link, os.O_RDONLY)),
        content(os.open(f"/usr/../etc/./{name}", os.O_RDONLY)),
        content(os.open(f"/proc/self/root/etc/{name}", os.O_RDONLY)),
        content(os.open(os.path.relpath(path), os.O_RDONLY | os.O_NONBLOCK)),
        mapped(path),
    ]
    first, second = os.open(path, os.O_RDONLY), os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    os.read(first, 5)
    ways.append(os.read(second, 5).decode() + content(os.dup(second)))
    ways.append(content(os.open(f"/proc/self/fd/{first}", os.O_RDONLY)))
    flags = (
        os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_APPEND, os.O_RDONLY | os.O_DIRECTORY,
        os.O_RDONLY | os.O_CREAT | os.O_EXCL,
    )
    found[path] = {
        "text": text,
        "ways": [each == text for each in ways],
        "size": [os.fstat(first).st_size == len(text), oct(os.fstat(first).st_mode)],
        "refused": [said(os.open, path, each) for each in flags] + [said(os.open, link, os.O_RDWR)],
        "write": said(os.write, first, b"x"),
        "stat": [os.stat(path).st_ino, os.access(path, os.R_OK)],
    }
    os.unlink(link)
    os.close(first), os.close(second)
json.dump(found, sys.stdout)
"""


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


def test_an_open_network_has_the_machine_s_own(nono: Nono, as_user: Account) -> None:
    for path in ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"):
        assert nono("run", "--", "cat", path) == as_user("cat", path)
