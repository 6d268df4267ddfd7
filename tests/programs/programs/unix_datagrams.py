"""Unix datagram sockets among a program's own processes; the same text inside and outside."""
import asyncio, contextlib, errno, logging, logging.handlers, os, select, socket, socketserver, threading

UNIX, DGRAM = socket.AF_UNIX, socket.SOCK_DGRAM
os.mkdir("sockets"), os.chdir("sockets")


def tried(function, *arguments):
    try:
        return function(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]


def made(path=None):
    sock = socket.socket(UNIX, DGRAM)
    sock.settimeout(30)
    if path is not None:
        sock.bind(path)
    return sock


def pairs():
    one, other = socket.socketpair(UNIX, DGRAM)
    print([len(os.read(other.fileno(), 9)) for _ in map(one.send, (b"ab", b"", b"abc"))])
    print(other.send(b"x" * 60000), len(one.recv(1 << 17)), other.sendmsg([b"a", b"b"]), one.recvfrom(9))
    flags = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    one, other = socket.socketpair(UNIX, DGRAM | flags)
    print(one.getblocking(), one.get_inheritable(), one.family.name, tried(one.recv, 1), one.getsockname())
    count = 0
    while tried(one.send, b"x") == 1:
        count += 1
    print(count > 0, select.select([other], [one], [], 0) == ([other], [], []))
    socket.send_fds(other, [b"fd"], [0])
    data, fds, *_ = socket.recv_fds(one, 9, 1)
    print(data, len(fds))
    if os.fork() == 0:
        one.send(b"from a child") if tried(other.recv, 1 << 16) else 0
        os._exit(0)
    os.wait()
    other.setblocking(True)
    print([each for each in iter(lambda: other.recv(99), b"from a child")][1:] == [b"x"] * (count - 2))
    print(tried(socket.socketpair, UNIX, DGRAM, 5), tried(socket.socketpair, UNIX, DGRAM | 0x40))


def servers():
    here = os.getcwd()
    server, client = made("server"), made(here + "/client")
    print(client.sendto(b"hello", "server"), server.recvfrom(99)[0], server.getsockname())
    client.sendto(b"again", here + "/server")
    data, address = server.recvfrom(99)
    print(data, address == here + "/client", server.sendto(b"answer", address), client.recvfrom(99))
    nameless = made()
    print(nameless.sendto(b"nameless", "server"), server.recvfrom(99), server.type.name)
    print(tried(nameless.sendto, b"x", "absent"), tried(nameless.sendto, b"x", "."), tried(made, "server"))
    print(tried(server.bind, "other"), os.path.exists("other"), tried(nameless.sendto, b"x" * (1 << 20), "server"))
    client.setblocking(False)
    full = 0
    while tried(client.sendto, b"x", "server") == 1:
        full += 1
    print(full > 0, tried(client.sendto, b"x", "server"), tried(client.recv, 9))
    reader = threading.Timer(0.1, lambda: [server.recv(9) for _ in range(full)])
    reader.start()
    client.settimeout(30)
    print(client.sendto(b"waited", "server"), sorted(os.listdir(".")))
    reader.join()
    print(server.recv(9))
    os.unlink("server"), os.unlink("client")


def connected():
    here = os.getcwd()
    server, client = made("server"), made()
    client.connect("server")
    print(client.send(b"one"), client.sendmsg([b"t", b"wo"]), os.write(client.fileno(), b"three"), client.send(b""))
    print([server.recvfrom(99) for _ in range(4)])
    copy = socket.socket(fileno=os.dup(client.fileno()))
    print(copy.send(b"by a copy"), server.recv(99), os.get_inheritable(client.fileno()), client.getblocking())
    other = made("other")
    client.connect(here + "/other")
    print(client.send(b"elsewhere"), other.recv(99), tried(client.connect, "absent"), client.send(b"still"), other.recv(99))
    print(client.sendto(b"aside", "server"), server.recv(99))
    stream = socket.socket(UNIX)
    stream.bind("stream"), stream.listen()
    print(tried(made().connect, "stream"), tried(made().sendto, b"x", "stream"))
    bound = made(here + "/bound")
    bound.connect("server")
    bound.send(b"question")
    data, address = server.recvfrom(99)
    print(data, address == here + "/bound", server.sendto(b"answer", address), bound.recv(99))
    late = made()
    late.connect("server")
    late.close()
    if os.fork() == 0:
        late = made()
        late.connect("server")
        late.send(b"last words")
        os._exit(0)
    os.wait()
    print(server.recv(99))
    server.close(), os.unlink("server")
    print(tried(client.connect, "server"))
    other.close()
    with contextlib.suppress(OSError):
        while True:
            client.send(b"to nobody")
    print(tried(client.send, b"x") in ("EPIPE", "ECONNREFUSED", "ENOTCONN"))


def abstract():
    name = f"\0nono test {os.getpid()}".encode()
    server = made(name)
    client = made()
    client.connect(name)
    print(client.send(b"abstract"), server.recv(99), made().sendto(b"by name", name), server.recv(99))
    print(tried(made().sendto, b"x", b"\0nobody has this"), made(b"").getsockname()[:1] == b"\0")


def libraries():
    class Echo(socketserver.BaseRequestHandler):
        def handle(self):
            self.request[1].sendto(self.request[0].upper(), self.client_address)
    with socketserver.UnixDatagramServer("echo", Echo) as server:
        threading.Thread(target=server.handle_request).start()
        client = made("asks")
        client.sendto(b"library", "echo")
        print(client.recv(99))
    log = made("log")
    handler = logging.handlers.SysLogHandler("log")
    handler.emit(logging.makeLogRecord({"msg": "a message", "levelno": 20}))
    print(log.recv(99))

    async def endpoints():
        loop, got = asyncio.get_running_loop(), asyncio.Queue()
        class Protocol(asyncio.DatagramProtocol):
            def datagram_received(self, data, address):
                got.put_nowait((data, address))
        server, _ = await loop.create_datagram_endpoint(Protocol, "async", family=UNIX)
        client, _ = await loop.create_datagram_endpoint(Protocol, "client2", "async", family=UNIX)
        client.sendto(b"asynchronous")
        data, address = await asyncio.wait_for(got.get(), 5)
        print(data, address)
        server.sendto(b"back", address)
        print((await asyncio.wait_for(got.get(), 5))[0])
        server.close(), client.close()
    asyncio.run(endpoints())


for each in (pairs, servers, connected, abstract, libraries):
    print(each.__name__)
    each()
