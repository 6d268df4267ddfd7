import os, signal, socket
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen(0)
address = server.getsockname()
children = []
for _ in range(4):
    pid = os.fork()
    if pid == 0:
        client = socket.socket()
        client.connect(address)
        signal.pause()
    children.append(pid)
for turn in range(100):
    os.chmod(".", 0o755)
for pid in children:
    os.kill(pid, signal.SIGKILL)
    print(os.WTERMSIG(os.waitpid(pid, 0)[1]))
os.chmod(".", 0o700)
