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
