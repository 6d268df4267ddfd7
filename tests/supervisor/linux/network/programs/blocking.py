for kind, family, where in pairs():
    with socket.socket(family) as sock:
        print(kind, family, said(sock.connect, where), said(sock.connect, where))
        print(sock.getblocking(), kind in ("tls", "own") or echoed(sock))
for kind in ("tls", "new"):
    with socket.socket(socket.AF_INET6) as sock:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        print(said(sock.connect, address(TARGETS[kind], socket.AF_INET6)))
        sock.setblocking(False)
        print(said(sock.connect, address(TARGETS[kind], socket.AF_INET6)))
