import array, os, socket, struct, tempfile, threading

def serve(listener):
    with listener:
        peer, _ = listener.accept()
    with peer:
        message, ancillary, _, _ = peer.recvmsg(100, 100)
        fd = array.array("i", ancillary[0][2])[0]
        with open(fd, "w") as file:
            file.write("through a passed descriptor")
        peer.sendall(message.upper())

def talk(kind, name):
    listener = socket.socket(socket.AF_UNIX, kind)
    listener.bind(name)
    listener.listen()
    listens_as = listener.getsockname() == name
    child = os.fork()
    if child == 0:
        serve(listener); os._exit(0)
    listener.close()
    with socket.socket(socket.AF_UNIX, kind) as client, open("out", "w+") as file:
        client.connect(name)
        # Who made the connection is not compared: nono did.
        print(len(client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)))
        socket.send_fds(client, [b"hello"], [file.fileno()])
        print(client.recv(100), client.getpeername() == name, listens_as)
        print(os.waitpid(child, 0)[1])
        print(open("out").read())
    if isinstance(name, str):
        print(os.stat(name).st_mode); os.unlink(name)

with tempfile.TemporaryDirectory() as private, tempfile.TemporaryDirectory(dir="/tmp") as shared:
    for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
        for name in ("socket", os.path.abspath("socket"), private + "/socket", shared + "/socket",
                     b"\0nono-test-%d-%d" % (os.getpid(), kind)):
            talk(kind, name)
    os.symlink(shared, "link")
    os.makedirs("below/deep")
    names = ("link/socket", "./socket", ".//below/socket", "below/../below/deep/../socket",
             shared + "//socket", os.path.abspath("link/socket"), "../%s/socket" % os.path.basename(os.getcwd()))
    for name in names:
        talk(socket.SOCK_STREAM, name)
    os.unlink("link")
    os.removedirs("below/deep")

left, right = socket.socketpair()
left.send(b"pair"); print(right.recv(9))
left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
left.send(b"pair"); print(right.recv(9))
client = socket.socket(socket.AF_UNIX)
for name in ("missing", "out", "x" * 108):
    try:
        client.connect(name)
    except OSError as error:
        print(error)
