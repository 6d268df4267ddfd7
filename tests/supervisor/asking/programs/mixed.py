import ctypes
import os
import sys
import threading
import time

libc = ctypes.CDLL(None, use_errno=True)
one, old, two, new = (
    os.fsencode(f"{sys.argv[1]}/one/{name}") for name in ("f", "old", "program", "new")
)
source = ctypes.create_string_buffer(one, 4096)
target = ctypes.create_string_buffer(old, 4096)


def say(first: bytes, second: bytes) -> None:
    source.value, target.value = first, second


def swap() -> None:
    """The second question is about other arguments, and the call has a third kind then."""
    time.sleep(0.6)
    say(two, new)
    time.sleep(1.2)
    say(two, old)


threading.Thread(target=swap).start()
done = libc.syscall(82, source, target)  # rename(2)
print(done, ctypes.get_errno(), sorted(os.listdir(os.path.dirname(one))) if not done else "")
