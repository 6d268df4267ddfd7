import ctypes, errno, json, os, select, signal, socket, struct, sys, threading, time

TARGETS = {name: tuple(target) for name, target in json.loads(sys.argv[1]).items()}
LIBC = ctypes.CDLL(None, use_errno=True)
UNSPECIFIED = bytes(16)

def address(target, family=socket.AF_INET):
    "A sockaddr for this socket family: an IPv4 address is mapped for an IPv6 socket."
    host, port = target[:2]
    found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, 0, socket.AI_V4MAPPED)
    return found[0][4]

def name(number):
    return errno.errorcode[number] if number else "ok"

def said(function, *arguments):
    "What a call says: ok, or the name of the error."
    try:
        function(*arguments)
    except OSError as error:
        return name(error.errno)
    return "ok"

def packed(where):
    return struct.pack("=HH4s8x", socket.AF_INET, socket.htons(where[1]), socket.inet_aton(where[0]))

def plain_connect(sock, sockaddr):
    "connect(2) once, as it is: Python itself would go on after EINTR."
    result = LIBC.connect(sock.fileno(), sockaddr, len(sockaddr))
    return name(ctypes.get_errno() if result else 0)

def outcome(sock):
    "What poll(2) wakes a socket with that does not block, and its SO_ERROR."
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    ((_, events),) = poll.poll(30_000)
    return events, name(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))

def echoed(sock, data=b"hello"):
    sock.setblocking(True)
    sock.sendall(data)
    sock.shutdown(socket.SHUT_WR)
    return b"".join(iter(lambda: sock.recv(1 << 16), b"")) == data
