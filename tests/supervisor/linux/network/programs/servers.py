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
