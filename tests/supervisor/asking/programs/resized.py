import ctypes
import os
import signal
import sys
import threading
import time

libc = ctypes.CDLL(None, use_errno=True)
told: list[int] = []
signal.signal(signal.SIGWINCH, lambda number, _: told.append(number))
signal.siginterrupt(signal.SIGWINCH, True)
over = threading.Event()


def tell() -> None:
    while not over.wait(0.02):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGWINCH)


teller = threading.Thread(target=tell)
teller.start()
fd = libc.open(f"{sys.argv[1]}/one/f".encode(), os.O_RDONLY)
number = ctypes.get_errno()
over.set()
teller.join()
time.sleep(0)
print(os.read(fd, 9).decode() if fd >= 0 else os.strerror(number), bool(told))
