import os, signal
got = 0
def count(*_):
    global got
    got += 1
signal.signal(signal.SIGUSR1, count)
parent = os.getpid()
pid = os.fork()
if pid == 0:
    signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    for _ in range(3000): os.kill(parent, signal.SIGUSR1)
    os._exit(0)
for turn in range(600):
    os.close(os.open('file', os.O_RDWR | os.O_CREAT))
    try: os.chmod('file', 0o600 + turn % 8)
    except InterruptedError: pass
print(os.waitpid(pid, 0)[1], got > 0)
