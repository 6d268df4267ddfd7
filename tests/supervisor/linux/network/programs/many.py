for host in ("fresh", "fresh", "tls"):
    where = address(TARGETS[host])
    socks = [socket.socket() for _ in range(200)]
    for sock in socks:
        sock.setblocking(False)
    print({said(sock.connect, where) for sock in socks})
    print({outcome(sock) for sock in socks})
    if host != "tls":
        for number, sock in enumerate(socks):
            sock.setblocking(True)
            sock.sendall(b"%d" % number)
        print(all(sock.recv(10) == b"%d" % number for number, sock in enumerate(socks)))
    for sock in socks:
        sock.close()
# One after the other they arrive in their order, through a tunnel and without.
where = address(TARGETS["order"])
socks = [socket.socket() for _ in range(20)]
for number, sock in enumerate(socks):
    sock.setblocking(number % 2)
    sock.connect_ex(where); outcome(sock)
for sock in socks:
    sock.setblocking(True)
numbers = [int(sock.recv(10)) for sock in socks]
print([number - numbers[0] for number in numbers])
