import errno, socket, sys
port = int(sys.argv[1])
def said(function, *arguments):
    try:
        function(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    return "ok"
def device(sock):
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).strip(b"\0").decode()
for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::"),
                     (socket.AF_INET6, "::ffff:0.0.0.0")):
    for asked in (port, 0):
        with socket.socket(family) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            print(said(sock.bind, (host, asked)), said(sock.listen), said(sock.listen, 5))
            here, given, *_ = sock.getsockname()
            print(here == host, given == asked or (given > 0 and not asked), device(sock))
            for near in ("127.0.0.1", "0.0.0.0"):
                with socket.create_connection((near, given)) as client:
                    print(client.getpeername()[1] == given, end=" ")
                    sock.accept()[0].close()
            print(said(sock.setsockopt, socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0"))
with socket.socket() as sock:
    print(said(sock.listen), sock.getsockname()[1] > 0, device(sock))
# What is bound to every address and does not listen is free to connect.
with socket.create_server(("", 0)) as server, socket.socket() as client:
    client.bind(("0.0.0.0", 0))
    client.connect(("127.0.0.1", server.getsockname()[1]))
    print(client.getsockname()[0], device(client) or "free")
