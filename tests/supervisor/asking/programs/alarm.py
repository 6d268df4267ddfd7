import signal
import sys

count = 0


def ring(*_: object) -> None:
    global count
    count += 1


signal.signal(signal.SIGALRM, ring)
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
with open(f"{sys.argv[1]}/one/f") as file:
    print(file.read(), count > 0)
try:
    open(f"{sys.argv[1]}/one/f")
except OSError as error:
    print(error.errno)
