import fcntl, os, signal, threading
open("file", "w").close()
held = os.open("file", os.O_RDONLY)
asked = threading.Event()
signal.signal(signal.SIGIO, lambda *_: asked.set())
signal.siginterrupt(signal.SIGIO, False)
fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_RDLCK)
pid = os.fork()
if pid == 0:
    os.close(held)
    os.close(os.open("file", os.O_WRONLY))
    os._exit(0)
for turn in range(20):
    os.chmod(".", 0o755)
asked.wait(30)
fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_UNLCK)
print(os.waitpid(pid, 0)[1])
