import hashlib
heap = bytes(range(256)) * 4096 * 50

def transfer(sock):
    "50 MB there, with their end; a digest and the same back."
    sock.setblocking(True)
    threading.Thread(target=lambda: (sock.sendall(heap), sock.shutdown(socket.SHUT_WR))).start()
    received = b"".join(iter(lambda: sock.recv(1 << 20), b""))
    return received[:64] == hashlib.sha256(heap).hexdigest().encode(), received[64:] == heap

for blocking in (False, True):
    host = "digest" if blocking else "fresh"
    with socket.socket() as sock:
        sock.setblocking(blocking)
        print(said(sock.connect, address(TARGETS[host])), *outcome(sock), transfer(sock))
for blocking in (False, True):
    with socket.socket() as sock:
        sock.setblocking(blocking)
        sock.connect_ex(address(TARGETS["reset"])); outcome(sock)
        sock.setblocking(True)
        print(said(sock.send, b"x"), said(sock.recv, 1))
    with socket.socket() as sock:
        sock.setblocking(blocking)
        sock.connect_ex(address(TARGETS["aborted"])); outcome(sock)
        sock.setblocking(True)
        sock.send(b"x"); print(sock.recv(1))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("@ii", 1, 0))
    with socket.socket() as sock:
        sock.setblocking(blocking)
        sock.connect_ex(address(TARGETS["mail"])); outcome(sock)
        sock.setblocking(True)
        print(sock.recv(100), echoed(sock))
