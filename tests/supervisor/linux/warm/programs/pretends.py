# Listens as `nono warm` would, and says what it is told.
import ctypes, os, socket, sys
kind, path = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
os.chmod(path, 0o600)
if kind == "landlock":
    libc = ctypes.CDLL(None)
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    handled = ctypes.c_uint64(1 << 3)
    ruleset = libc.syscall(444, ctypes.byref(handled), 8, 0)
    assert libc.syscall(446, ruleset, 0) == 0
listener.listen()
print("listening", flush=True)
client, _ = listener.accept()
client.settimeout(20)
told = b""
def message(*parts):
    body = b"".join(len(each).to_bytes(4, "little") + each for each in parts)
    return len(body).to_bytes(4, "little") + body
try:
    told += client.recv(65536)
    client.sendall(message(b"x" * 16, str(os.getpid()).encode(), b"3"))
    while piece := client.recv(65536):
        told += piece
except OSError:
    pass
print("told", told)
