import os, socket, sys
port, other = int(sys.argv[1]), int(sys.argv[2])
def talk(host, port, blocking=True):
    try:
        with socket.create_connection((host, port), None if blocking else 20) as sock:
            greeting = sock.recv(100)
            sock.sendall(b"word")
            return greeting, sock.recv(100)
    except OSError as error:
        return type(error).__name__
for host in ("a.example", "direct.example", "unknown.example", "closed.example"):
    print(host, talk(host, port), talk(host, port, False))
print(talk("127.0.0.1", other))
print([name for name in os.environ if "proxy" in name.lower()])
