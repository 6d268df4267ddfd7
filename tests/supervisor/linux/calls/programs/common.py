import os, select, signal, socket, sys, threading, time
def child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except OSError as error:
            os.write(1, error.strerror.encode() + b"\n")
            os._exit(1)
        os._exit(0)
    return pid
def is_over(pid):
    return os.waitpid(pid, os.WNOHANG)[0] == pid
def settle():
    "Give those that wait the time for a wrong wake-up: many calls of ours are answered meanwhile."
    for _ in range(100):
        os.chmod(".", 0o755)
        time.sleep(0.002)
