import errno, fcntl, os, socket, struct, subprocess, sys
theirs = int(sys.argv[1])
def said(function, *arguments):
    try:
        return function(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
for family, host, every in ((socket.AF_INET, "127.0.0.1", "0.0.0.0"),
                            (socket.AF_INET6, "::1", "::")):
    with socket.socket(family, socket.SOCK_DGRAM) as server, \
         socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as client:
        print(said(server.bind, (every, 0)), server.getsockname()[0] == every)
        print(client.getblocking(), os.get_inheritable(client.fileno()), said(client.recv, 9))
        port = server.getsockname()[1]
        # Another program of the sandbox's own sends to it.
        code = "import socket,sys; socket.socket(int(sys.argv[1]), 2).sendto(b'from a child', " \
               "(sys.argv[2], int(sys.argv[3])))"
        subprocess.run([sys.executable, "-c", code, str(int(family)), host, str(port)], check=True)
        print(server.recvfrom(99)[0])
        print(said(client.connect, (host, port)), said(client.send, b"from here"))
        data, peer = server.recvfrom(99)
        server.sendto(b"back", peer)
        client.setblocking(True)
        print(data, client.recv(99))
        print(said(server.listen), said(socket.socket(family, socket.SOCK_STREAM).connect, (host, port)))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    # Whatever is sent to the machine, nobody there gets it.
    for host in ("127.0.0.1", "127.0.0.53", "0.0.0.0"):
        for port in (53, theirs):
            said(sock.sendto, b"secret", (host, port))
            said(sock.connect, (host, port)), said(sock.send, b"secret"), said(sock.connect, ("", 0))
    print(said(sock.sendto, b"secret", ("8.8.8.8", 53)), said(sock.connect, (sys.argv[2], theirs)))
    print(said(sock.bind, (sys.argv[2], 0)))
    # It is the same user's network, and stays as it is.
    name = struct.pack("=16sh22x", b"lo", 0)
    print([said(fcntl.ioctl, sock, request, name) for request in (0x8914, 0x8916, 0x890B, 0x89A0, 0x89F1, 0x894C)])
    print([said(sock.setsockopt, 0, option, bytes(200)) for option in (17, 64, 96, 200, 1152)],
          said(sock.getsockopt, 0, 64, 84), said(sock.setsockopt, 1, 25, b"lo"))
    print(struct.unpack("=16sh22x", fcntl.ioctl(sock, 0x8913, name))[1] & 1)
print(said(socket.socket, socket.AF_INET, socket.SOCK_RAW, 255), said(socket.socket, socket.AF_INET, socket.SOCK_DGRAM, 1))
print(len(socket.getaddrinfo("localhost", 80, proto=6)))
