import os
import sys
import threading
import time


def flip() -> None:
    time.sleep(0.3)
    os.unlink("link")
    os.symlink(f"{sys.argv[1]}/secret", "link")


os.symlink(f"{sys.argv[1]}/one/f", "link")
threading.Thread(target=flip).start()
try:
    print(open("link").read())
except OSError as error:
    print(error.errno)
os.unlink("link")
