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

def question(name, kind, identity):
    labels = b"".join(bytes([len(label)]) + label for label in name.encode().split(b"."))
    return struct.pack(">6H", identity, 0x0100, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, kind, 1)

def ask(sock, *words):
    query = question(*words)
    sock.sendall(struct.pack(">H", len(query)) + query)

def reply(file):
    (length,) = struct.unpack(">H", file.read(2))
    message = file.read(length)
    identity, flags, _, answers, _, _ = struct.unpack(">6H", message[:12])
    return identity, flags & 15, answers, socket.inet_ntoa(message[-4:]) if answers else None

with socket.create_connection(("127.0.0.1", 53)) as sock, sock.makefile("rb") as file:
    for identity, (name, kind) in enumerate(
        [("api.example", 1), ("api.example", 28), ("closed.example", 16), ("x.onion", 1)]
    ):
        ask(sock, name, kind, identity)
    for _ in range(4):
        print(reply(file))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.connect(("127.0.0.1", 53))
    sock.send(question("api.example", 1, 7))
    print("by a datagram", socket.inet_ntoa(sock.recv(512)[-4:]))
for family, kind, where in (
    (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.2", 53)),
    (socket.AF_INET6, socket.SOCK_STREAM, ("::1", 53)),
    (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.2", 53)),
):
    def look_up(sock):
        sock.connect(where)
        sock.send(b"x"), sock.recv(1)
    print(said(lambda: look_up(socket.socket(family, kind))))
