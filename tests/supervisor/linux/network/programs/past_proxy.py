import ctypes, os, socket, sys
from urllib.parse import urlsplit
port, path = int(sys.argv[1]), sys.argv[2]
url = urlsplit(os.environ["HTTP_PROXY"])
def attempt(name, call):
    try: print(name, call() or "done")
    except OSError as error: print(name, type(error).__name__, error.errno)
def connect(where, family=socket.AF_INET, kind=socket.SOCK_STREAM):
    with socket.socket(family, kind) as sock:
        sock.settimeout(5)
        sock.connect(where)
def reconnect():
    with socket.create_connection((url.hostname, url.port)) as sock:
        libc = ctypes.CDLL(None, use_errno=True)
        libc.connect(sock.fileno(), bytes(16), 16)  # AF_UNSPEC
        sock.connect(("192.0.2.1", url.port))
def paired():
    ours, theirs = socket.socketpair()
    theirs.close()
    ours.connect(path)
def without_token():
    with socket.create_connection((url.hostname, url.port)) as sock:
        sock.sendall(b"CONNECT a.example:443 HTTP/1.1\r\nHost: x\r\n\r\n")
        return sock.recv(12).decode()
def namespace(flags):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags): raise OSError(ctypes.get_errno(), "")
attempt("elsewhere", lambda: connect(("192.0.2.1", 80)))
attempt("the proxy's port elsewhere", lambda: connect(("192.0.2.1", url.port)))
attempt("IPv6", lambda: connect(("2001:db8::1", url.port), socket.AF_INET6))
attempt("this machine", lambda: connect(("127.0.0.1", port)))
attempt("mapped", lambda: connect(("::ffff:127.0.0.1", port), socket.AF_INET6))
attempt("again elsewhere", reconnect)
attempt("unix", lambda: connect(path, socket.AF_UNIX))
attempt("a pair", paired)
attempt("abstract", lambda: connect("\0x", socket.AF_UNIX))
attempt("UDP", lambda: connect(("192.0.2.1", 53), kind=socket.SOCK_DGRAM))
attempt("server", lambda: socket.create_server(("0.0.0.0", 0)))
attempt("namespace", lambda: namespace(0x50000000))
attempt("no token", without_token)
