"""Processes of one sandbox talk to each other: FIFOs, unix sockets, TCP and UDP on loopback."""

import pytest

from tests.programs.conftest import Alike

UNIX = r"""
import array, os, socket, struct, tempfile, threading

def serve(listener):
    with listener:
        peer, _ = listener.accept()
    with peer:
        message, ancillary, _, _ = peer.recvmsg(100, 100)
        fd = array.array("i", ancillary[0][2])[0]
        with open(fd, "w") as file:
            file.write("through a passed descriptor")
        peer.sendall(message.upper())

def talk(kind, name, shared):
    listener = socket.socket(socket.AF_UNIX, kind)
    listener.bind(name)
    listener.listen()
    child = os.fork()
    if child == 0:
        serve(listener); os._exit(0)
    listener.close()
    with socket.socket(socket.AF_UNIX, kind) as client, open("out", "w+") as file:
        client.connect(name)
        # Who made the connection is not compared: nono did.
        print(len(client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)))
        socket.send_fds(client, [b"hello"], [file.fileno()])
        # nono binds by a name of its own in a directory that others could move: see _bindable.
        print(client.recv(100), shared in str(name) or client.getpeername() == name)
        print(os.waitpid(child, 0)[1])
        print(open("out").read())
    if isinstance(name, str):
        print(os.stat(name).st_mode); os.unlink(name)

with tempfile.TemporaryDirectory() as private, tempfile.TemporaryDirectory(dir="/tmp") as shared:
    for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
        for name in ("socket", os.path.abspath("socket"), private + "/socket", shared + "/socket",
                     b"\0nono-test-%d-%d" % (os.getpid(), kind)):
            talk(kind, name, shared)
    os.symlink(shared, "link")
    talk(socket.SOCK_STREAM, "link/socket", "link/")
    os.unlink("link")

left, right = socket.socketpair()
left.send(b"pair"); print(right.recv(9))
left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
left.send(b"pair"); print(right.recv(9))
client = socket.socket(socket.AF_UNIX)
for name in ("missing", "out", "x" * 108):
    try:
        client.connect(name)
    except OSError as error:
        print(error)
"""

LOOPBACK = r"""
import os, selectors, socket, threading

def echo(listener):
    with listener:
        peer, _ = listener.accept()
    with peer:
        while data := peer.recv(1 << 16):
            peer.sendall(data)

hosts = [(socket.AF_INET, "127.0.0.1")]
if os.path.exists("/proc/net/if_inet6") and " lo\n" in open("/proc/net/if_inet6").read():
    hosts.append((socket.AF_INET6, "::1"))
for family, host in hosts:
    for fork in (False, True):
        listener = socket.create_server((host, 0), family=family)
        port = listener.getsockname()[1]
        if fork:
            child = os.fork()
            if child == 0:
                echo(listener); os._exit(0)
        else:
            thread = threading.Thread(target=echo, args=(listener,)); thread.start()
        with socket.create_connection((host, port)) as client:
            print(client.getpeername()[1] == port, client.getsockname()[0])
            client.sendall(b"x" * 300_000); client.shutdown(socket.SHUT_WR)
            print(sum(len(part) for part in iter(lambda: client.recv(1 << 16), b"")))
        os.waitpid(child, 0) if fork else thread.join()
        if fork:
            listener.close()
        try:
            socket.create_connection((host, port))
        except ConnectionRefusedError as error:
            print(error)

listener = socket.create_server(("127.0.0.1", 0))
client = socket.socket(); client.setblocking(False)
print(client.connect_ex(listener.getsockname()))
selector = selectors.DefaultSelector(); selector.register(client, selectors.EVENT_WRITE)
print(len(selector.select()), client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
peer, _ = listener.accept(); peer.send(b"non-blocking"); client.setblocking(True); print(client.recv(20))

one, two = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in "12")
one.bind(("127.0.0.1", 0)); two.sendto(b"datagram", one.getsockname()); print(one.recv(20))
two.connect(one.getsockname()); two.send(b"connected"); print(one.recv(20))
"""

SERVER = """
import http.server, threading, urllib.request
server = http.server.ThreadingHTTPServer(("localhost", 0), http.server.SimpleHTTPRequestHandler)
server.RequestHandlerClass.log_message = lambda *_: None
threading.Thread(target=server.serve_forever, daemon=True).start()
for name in ("localhost", "127.0.0.1"):
    print(urllib.request.urlopen(f"http://{name}:{server.server_port}/page.txt").read())
server.shutdown()
"""

NAMES = """
import os, pwd, grp, socket
print(sorted({entry[4][0] for entry in socket.getaddrinfo("localhost", "http")}))
print(socket.gethostname() == os.uname().nodename, socket.getservbyname("https"))
print(socket.getaddrinfo("127.0.0.1", 1)[0][4], socket.getnameinfo(("127.0.0.1", 22), 0))
for name in ("no-such-host.invalid", ""):
    try:
        socket.getaddrinfo(name, 80, family=socket.AF_INET); print("found")
    except OSError as error:
        print(error)
print(pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name, socket.if_nameindex())
"""


def test_a_fifo_between_two_processes(alike: Alike) -> None:
    script = """
        mkfifo -m 600 here "$TMPDIR/private"; d=$(mktemp -d /tmp/nono-test-XXXXXX); mkfifo "$d/shared"
        for fifo in here "$TMPDIR/private" "$d/shared"; do
            (cat "$fifo" | tr a-z A-Z) & sleep 0.01; echo "to a reader" > "$fifo"; wait
            (echo "to a late reader" > "$fifo") & sleep 0.01; cat "$fifo"; wait
            dd if="$fifo" iflag=nonblock bs=1 count=1 status=none | wc -c
        done
        exec 5<>here; echo both >&5; read line <&5; echo $line
        rm -r "$d" "$TMPDIR/private"; ls -l here | cut -c -10
    """
    assert alike("bash", "-c", f"export TMPDIR=${{TMPDIR:-/tmp}}; {script}").returncode == 0


def test_unix_sockets(alike: Alike) -> None:
    done = alike("python3", "-c", UNIX)
    assert (done.returncode, done.stdout.count("b'HELLO'")) == (0, 11)


def test_loopback(alike: Alike) -> None:
    done = alike("python3", "-c", LOOPBACK)
    assert (done.returncode, done.stdout.count("300000")) == (0, 4)


def test_a_web_server_and_its_client(alike: Alike) -> None:
    done = alike("python3", "-c", SERVER, files={"page.txt": "a page"})
    assert done.stdout.count("b'a page'") == 2


def test_names(alike: Alike) -> None:
    assert alike("python3", "-c", NAMES).returncode == 0


@pytest.mark.requires(commands=["node"])
def test_a_unix_socket_of_node(alike: Alike) -> None:
    script = """
        const net = require("net");
        const server = net.createServer(socket => socket.end("from node")).listen("socket", () => {
            net.connect("socket").on("data", data => console.log(data.toString()))
                .on("close", () => server.close());
        });
    """
    assert alike("node", "-e", script).stdout == "from node\n"
