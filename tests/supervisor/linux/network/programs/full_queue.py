def full(host, keep=False):
    "A listener of our own with no room, the connections that fill it, and one more if it is kept."
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    server = socket.socket(family)
    server.bind((host, 0))
    server.listen(0)
    filling = []
    while True:
        sock = socket.socket(family)
        sock.setblocking(False)
        assert sock.connect_ex(server.getsockname()) == errno.EINPROGRESS
        if not select.select([], [sock], [], 0.02)[1]:
            break
        filling.append(sock)
    if not keep:
        sock.close()
    return server, filling, sock

def served(server, filling, sock, connected=lambda: None):
    "Make room, and talk to the one that waited for it, which is connected by then."
    for _ in (*filling, sock):
        accepted, peer = server.accept()
        with accepted:
            accepted.sendall(b"hello")
            accepted.shutdown(socket.SHUT_WR)
    connected()
    events = outcome(sock)
    sock.setblocking(True)
    return (*events, sock.recv(16))

def limited(milliseconds):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", 0, milliseconds * 1000))
    return sock

for host in ("127.0.0.1", "::1"):
    server, filling, sock = full(host, keep=True)
    print(said(sock.connect, server.getsockname()), said(sock.getpeername), served(server, filling, sock))
    print(said(sock.connect, server.getsockname()), said(sock.connect, server.getsockname()))

server, filling, _ = full("127.0.0.1")
blocking = socket.socket()
results = []
thread = threading.Thread(target=lambda: results.append(said(blocking.connect, server.getsockname())))
thread.start()
time.sleep(0.02)
print(served(server, filling, blocking, thread.join), results)

server, filling, _ = full("127.0.0.1")
late, where = limited(30), packed(server.getsockname())
print(plain_connect(late, where), plain_connect(late, where), served(server, filling, late))

server, filling, _ = full("127.0.0.1")
signal.signal(signal.SIGALRM, lambda *_: None)
signal.siginterrupt(signal.SIGALRM, True)
signal.setitimer(signal.ITIMER_REAL, 0.05)
woken = socket.socket()
print(plain_connect(woken, packed(server.getsockname())), served(server, filling, woken))

server, filling, sock = full("127.0.0.1", keep=True)
server.close()
print(outcome(sock)[1])
