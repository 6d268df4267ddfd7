for host in ("deadtls", "dead", "dead"):
    for family in (socket.AF_INET, socket.AF_INET6):
        with socket.socket(family) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", 0, 20_000))
            where = address(TARGETS[host], family)
            print(said(sock.connect, where), said(sock.connect, where))
            sock.setblocking(False)
            print(said(sock.connect, where), said(sock.connect, where))
    # In the middle of it: disconnected, and connected to somebody else.
    for blocking in (False, True):
        with socket.socket() as sock:
            sock.setblocking(False)
            print(said(sock.connect, address(TARGETS[host])), plain_connect(sock, UNSPECIFIED))
            sock.setblocking(blocking)
            print(said(sock.connect, address(TARGETS["live"])), *outcome(sock), echoed(sock))
