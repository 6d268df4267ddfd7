import ctypes
import os
import sys
import threading
import time

libc = ctypes.CDLL(None, use_errno=True)
target = ctypes.create_string_buffer(b"harmless", 4096)


def swap() -> None:
    time.sleep(0.3)
    target.value = b"elsewhere"


threading.Thread(target=swap).start()
done = libc.syscall(88, target, os.fsencode(f"{sys.argv[1]}/one/link"))  # symlink(2)
print(done, ctypes.get_errno())
