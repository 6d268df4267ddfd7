"""Opens what is outside for reading, with every flag, and tells what the descriptor has of each."""

import ctypes
import errno
import fcntl
import os
import resource
import sys

FILE, DIRECTORY = f"{sys.argv[1]}/one/f", f"{sys.argv[1]}/one"
libc = ctypes.CDLL(None, use_errno=True)  # os.open adds O_CLOEXEC
for path, flags in [
    (FILE, 0),
    (FILE, os.O_CLOEXEC),
    (FILE, os.O_APPEND | os.O_CLOEXEC),
    (FILE, os.O_NONBLOCK | os.O_NOCTTY),
    (FILE, os.O_NOFOLLOW),
    (FILE, os.O_SYNC),
    (DIRECTORY, os.O_DIRECTORY | os.O_CLOEXEC),
    (DIRECTORY, 0),
]:
    fd = libc.open(path.encode(), flags)
    has = fcntl.fcntl(fd, fcntl.F_GETFL) & (os.O_APPEND | os.O_NONBLOCK | os.O_SYNC | os.O_ACCMODE)
    what = os.listdir(fd)[:1] if path == DIRECTORY else os.read(fd, 9)
    print(oct(has), fcntl.fcntl(fd, fcntl.F_GETFD), what, fd)
    os.close(fd)
print(libc.open(DIRECTORY.encode() + b"/f/", 0), errno.errorcode[ctypes.get_errno()])
print(libc.open(FILE.encode(), os.O_DIRECTORY), errno.errorcode[ctypes.get_errno()])
here = os.open(".", os.O_RDONLY)
resource.setrlimit(resource.RLIMIT_NOFILE, (here + 1, here + 1))
print(libc.open(FILE.encode(), 0), errno.errorcode[ctypes.get_errno()])
