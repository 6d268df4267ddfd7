for kind, family, where in pairs():
    with socket.socket(family) as sock:
        sock.setblocking(False)
        print(kind, family, said(sock.connect, where), *outcome(sock))
        # The outcome is told once.
        print(said(sock.connect, where), said(sock.connect, where), sock.getblocking())
        print(sock.getpeername() is not None, kind in ("tls", "own") or echoed(sock))
    with socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as sock:
        epoll = select.epoll(); epoll.register(sock, select.EPOLLOUT | select.EPOLLET)
        print(said(sock.connect, where))
        while not (events := epoll.poll(30)) or events[0][1] & select.EPOLLHUP:
            pass
        print(events[0][1], epoll.poll(0))
