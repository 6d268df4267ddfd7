import os, socket, sys, time
def connected():
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(sys.argv[1])
    return sock
for said in (b"", b"\0", b"\xff" * 4, b"\xff\xff\xff\x7f", os.urandom(5000),
             (8).to_bytes(4, "little") + (4).to_bytes(4, "little") + b"9999",
             (5).to_bytes(4, "little") + (1).to_bytes(4, "little") + b"0"):
    sock = connected()
    try:
        sock.sendall(said)
    except OSError:
        pass
    sock.close()
kept = [connected() for _ in range(10)]  # which say nothing
half = connected()
half.sendall((400).to_bytes(4, "little") + b"x")
# Something now and then, for as long as somebody listens.
slow = connected()
slow.sendall((4000).to_bytes(4, "little"))
try:
    for _ in range(600):
        slow.sendall(b"x")
        time.sleep(0.1)
except OSError:
    print("said")
