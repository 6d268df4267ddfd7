import ctypes
import errno
import json
import os
import stat
import sys

outside = sys.argv[1]
libc = ctypes.CDLL(None, use_errno=True)


def exchange(one, other, flags=2):
    if libc.renameat2(-100, one.encode(), -100, other.encode(), flags):
        raise OSError(ctypes.get_errno(), "exchange")


open("mine", "w").close()
os.mkdir("folder")
TRIED = {
    "unlink of a directory": lambda: os.unlink(f"{outside}/one"),
    "rmdir of a file": lambda: os.rmdir(f"{outside}/one/f"),
    "a device": lambda: os.mknod(f"{outside}/one/null", stat.S_IFCHR | 0o666, os.makedev(1, 3)),
    "a directory elsewhere": lambda: os.rename(f"{outside}/tree", f"{outside}/tree2"),
    "a directory in": lambda: os.rename(f"{outside}/tree", "tree"),
    "exchange": lambda: exchange("mine", f"{outside}/one/f"),
    "exchange, the other way": lambda: exchange(f"{outside}/one/f", "mine"),
    "nothing is replaced": lambda: exchange("mine", f"{outside}/one/f", 1),
    "a file over a directory": lambda: os.rename("mine", f"{outside}/one"),
    "a directory over a file": lambda: os.rename("folder", f"{outside}/one/f"),
    "what is there": lambda: os.mkdir(f"{outside}/one"),
    "what is not there": lambda: os.unlink(f"{outside}/nothing"),
}
said = {}
for name, attempt in TRIED.items():
    try:
        attempt()
        said[name] = "ok"
    except OSError as error:
        said[name] = errno.errorcode[error.errno]
print(json.dumps(said))
