"""Servers inside the sandbox: on loopback for its own programs, wider only where it is said."""

from __future__ import annotations

import json
import socket

import pytest

from tests.conftest import Nono
from tests.supervisor.linux.network.conftest import PYTHON, Same

pytestmark = pytest.mark.requires(landlock=4)

FILTERED = "--allow-domain=api.example"

SERVERS = r"""
import subprocess
CLIENT = "import socket,sys; print(socket.create_connection(sys.argv[1:3], 30).recv(100).decode())"

def serve(listener, count):
    for _ in range(count):
        peer, _ = listener.accept()
        with peer:
            peer.sendall(b"served")

def reached(host, port):
    "From this process, from a child, and from another program."
    def here():
        with socket.create_connection((host, port), 30) as sock:
            return sock.recv(100).decode()
    pid = os.fork()
    if pid == 0:
        os._exit(here() != "served")
    child = os.waitpid(pid, 0)[1]
    program = subprocess.run([sys.executable, "-c", CLIENT, host, str(port)], capture_output=True)
    return here(), child, program.stdout

for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"),
                     (socket.AF_INET, "127.0.0.7")):
    for by_child in (False, True):
        listener = socket.create_server((host, 0), family=family)
        port = listener.getsockname()[1]
        pid = os.fork() if by_child else 0
        if by_child and pid == 0:
            serve(listener, 3); os._exit(0)
        thread = threading.Thread(target=serve, args=(listener, 0 if by_child else 3))
        thread.start()
        print(family, host, by_child, reached(host, port))
        thread.join()
        if by_child:
            os.waitpid(pid, 0)
        listener.close()
        # Closed, it is nobody's, until it is bound again.
        print(said(socket.create_connection, (host, port)))
        again = socket.create_server((host, port), family=family)
        thread = threading.Thread(target=serve, args=(again, 3)); thread.start()
        print(reached(host, port)); thread.join(); again.close()

# Without accept, the backlog takes them; a port of one's own choice; two of them share one.
first = socket.socket(); first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
first.bind(("localhost", 0)); first.listen()
second = socket.socket(); second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
second.bind(first.getsockname()); second.listen()
clients = [socket.create_connection(first.getsockname()) for _ in range(40)]
first.setblocking(False); second.setblocking(False)
accepted = 0
for listener in (first, second):
    while said(listener.accept) == "ok":
        accepted += 1
print(accepted)
print(said(socket.create_server, first.getsockname()))
print(said(socket.create_connection, ("127.0.0.1", 9)))
# An outgoing socket may choose its own end.
bound = socket.create_connection(first.getsockname(), source_address=("127.0.0.1", 0))
print(bound.getsockname()[0])
# Listening twice changes the backlog.
print(said(first.listen, 5), said(first.listen), said(clients[0].listen))
"""


def test_own_servers(same: Same) -> None:
    words = same(SERVERS, FILTERED)
    assert words.count("('served', 0, b'served\\n')") == 6
    assert words[-4:] == ["EADDRINUSE", "ECONNREFUSED", "127.0.0.1", "ok ok EINVAL"]


PROGRAMS = r"""
import asyncio, multiprocessing.managers, subprocess, urllib.request
import http.server, xmlrpc.client, xmlrpc.server
from multiprocessing.connection import Client, Listener

with open("page.txt", "w") as file:
    file.write("a page")
command = [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"]
with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
    port = server.stdout.readline().split()[5].decode()
    curl = ["curl", "-sS", f"http://127.0.0.1:{port}/page.txt", f"http://localhost:{port}/page.txt"]
    print(subprocess.run(curl, capture_output=True).stdout)
    print(urllib.request.urlopen(f"http://localhost:{port}/page.txt").read())
    server.kill()
os.unlink("page.txt")

async def talk():
    async def answer(reader, writer):
        writer.write((await reader.readline()).upper()); writer.close()
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async def ask(number):
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"question %d\n" % number); answered = await reader.read()
        writer.close(); return answered
    async with server:
        print(await asyncio.gather(*map(ask, range(20))))
asyncio.run(talk())

class Numbers(multiprocessing.managers.SyncManager):
    pass
for where in (("127.0.0.1", 0), None):
    with Numbers(address=where, authkey=b"key") as manager:
        shared = manager.dict()
        def fill(number): shared[number] = number * 2
        children = [multiprocessing.Process(target=fill, args=(number,)) for number in range(3)]
        for child in children: child.start()
        for child in children: child.join()
        print(sorted(shared.items()), isinstance(manager.address, str))
with Listener(("localhost", 0), authkey=b"key") as listener:
    def send():
        with Client(listener.address, authkey=b"key") as client: client.send(["an", "object"])
    thread = threading.Thread(target=send); thread.start()
    with listener.accept() as accepted: print(accepted.recv())
    thread.join()
"""


@pytest.mark.requires(commands=["curl"])
def test_programs_that_serve(same: Same) -> None:
    words = same(PROGRAMS, FILTERED)
    assert "a pagea page" in words[0]
    assert words[-2:] == ["[(0, 0), (1, 2), (2, 4)] True", "['an', 'object']"]


WIDE = r"""
import errno, socket, sys
port = int(sys.argv[1])
def said(function, *arguments):
    try:
        function(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "ok"
for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::"),
                     (socket.AF_INET6, "::ffff:0.0.0.0")):
    with socket.socket(family) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        print(said(sock.bind, (host, port)), said(sock.listen))
        if sock.getsockname()[1] == port:
            with socket.create_connection(("127.0.0.1", port)) as client:
                print(client.getpeername()[1] == port)
with socket.socket() as sock:
    print(said(sock.listen), sock.getsockname()[1] > 0)
"""


def free_port() -> int:
    with socket.create_server(("", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


def test_listening_for_others_is_refused_with_the_way_to_allow_it(nono: Nono) -> None:
    port = free_port()
    command = ("--", PYTHON, "-c", WIDE, str(port))
    done = nono("run", FILTERED, "--json", *command)
    assert done.stdout.splitlines() == ["EACCES EACCES"] * 3 + ["EACCES False"], done.stderr
    denials = [each for each in json.loads(done.stderr)["denials"] if each["request"] == "Bind"]
    fixes = [each["fix"] for each in denials if each["port"] == str(port)]
    assert fixes == [["--listen-port", str(port)]] * 3
    # Every address at a port that nobody knows beforehand: there is no flag for that.
    assert [each["fix"] for each in denials if each["port"] == "0"] == [[]] * 2

    text = nono("run", FILTERED, *command).stderr
    assert f"hint: --listen-port {port}" in text

    allowed = nono("run", f"--listen-port={port}", *command)
    assert allowed.stdout.splitlines() == ["ok ok", "True"] * 3 + ["EACCES False"], allowed.stderr


def test_a_blocked_network_has_no_servers(nono: Nono) -> None:
    done = nono("run", "-q", "--block-net", "--", PYTHON, "-c", WIDE, "1", timeout=30)
    assert "Address family not supported" in done.stderr
