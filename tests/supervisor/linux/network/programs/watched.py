watcher = socket.create_connection(TARGETS["watcher"][:2])
lines = watcher.makefile("rw")
def ask(*words):
    print(*words, file=lines, flush=True)
    return int(lines.readline())

def starts(host, blocking, family=socket.AF_INET):
    "A process that connects and never sees the end of it."
    where = address(TARGETS[host], family)
    pid = os.fork()
    if pid == 0:
        sock = socket.socket(family)
        sock.setblocking(blocking)
        said(sock.connect, where)
        if not blocking:
            signal.pause()
        os._exit(1)
    return pid

def kill(pid):
    os.kill(pid, signal.SIGKILL)
    return os.WTERMSIG(os.waitpid(pid, 0)[1])
