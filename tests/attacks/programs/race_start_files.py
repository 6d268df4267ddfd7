"""Change names in a place that the floor holds while another thread makes them names of start
files: two protected names that are not there, and one that is."""

import ctypes
import os
import threading
import time

libc = ctypes.CDLL(None, use_errno=True)
HARMLESS, ABSENT, THERE = b"src/planted", b".envrc", b".mcp.json"
END = time.monotonic() + 2
name = ctypes.create_string_buffer(64)
racing = True


def flip() -> None:
    other = ABSENT
    while racing:
        name.value = other
        name.value = HARMLESS
        other = THERE if other is ABSENT else ABSENT


def clean() -> None:
    for path in (HARMLESS, b"src/other"):
        try:
            os.rmdir(path) if os.path.isdir(path) else os.unlink(path)
        except OSError:
            continue


threading.Thread(target=flip, daemon=True).start()
tries = done = 0
while (now := time.monotonic()) < END or (done <= 10 and now < END + 60):
    flags = os.O_CREAT | os.O_WRONLY | os.O_TRUNC
    fd = libc.open(name, flags, 0o644)
    if fd >= 0:
        done += 1
        os.close(fd)
    done += libc.unlink(name) == 0
    done += libc.mkdir(name, 0o755) == 0
    done += libc.rmdir(name) == 0
    clean()
    done += libc.open(b"src/other", flags, 0o644) >= 0
    done += libc.rename(b"src/other", name) == 0
    done += libc.rename(name, b"src/other") == 0
    clean()
    os.closerange(20, 60)
    tries += 7
    if os.path.lexists(ABSENT):
        print("WON: made", os.listdir("."))
        os.rename(ABSENT, b"won")
    with open(THERE) as kept:
        if kept.read() != "kept":
            print("WON: changed")
racing = False
print("tries", tries, "done", done)
