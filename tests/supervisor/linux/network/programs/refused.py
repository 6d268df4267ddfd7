from concurrent.futures import ThreadPoolExecutor

def refused(kind, family):
    with socket.socket(family) as sock:
        sock.setblocking(kind == "newer")
        where = address(TARGETS[kind], family)
        said_first = said(sock.connect, where), *outcome(sock)
        # It may try again, and ask by connecting for what came of it; then with something else.
        again = [said(sock.connect, where), *outcome(sock)]
        again += [said(sock.connect, where), poll_writable(sock), said(sock.connect, where)]
        sock.setblocking(True)
        last = said(sock.connect, where), sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        live = said(sock.connect, address(TARGETS["live"], family)), echoed(sock)
        return kind, family, said_first, again, last, live

def poll_writable(sock):
    return select.select([], [sock], [], 30)[1] == [sock]

with ThreadPoolExecutor(8) as pool:
    for kinds in (("tls", "new", "newer"), ("new", "newer")):
        pairs = [(kind, each) for kind in kinds for each in (socket.AF_INET, socket.AF_INET6)]
        print(*pool.map(lambda pair: refused(*pair), pairs), sep="\n")
