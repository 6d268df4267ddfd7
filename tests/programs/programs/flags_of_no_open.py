"""Opens with flags that are none, of paths that fail as well; the same text inside and outside."""
import ctypes, errno, os, struct

libc = ctypes.CDLL(None, use_errno=True)
UNNAMED = os.O_TMPFILE & ~os.O_DIRECTORY
NEW, DIRECTORY, WRITE = os.O_CREAT, os.O_DIRECTORY, os.O_WRONLY
FLAGS = (
    *(os.O_TMPFILE, os.O_TMPFILE | NEW | WRITE, os.O_TMPFILE | WRITE | os.O_EXCL),
    *(UNNAMED, UNNAMED | WRITE, UNNAMED | NEW | os.O_RDWR),
    *(NEW | DIRECTORY, NEW | DIRECTORY | WRITE, NEW | DIRECTORY | os.O_EXCL, os.O_TMPFILE | WRITE),
)
PATHS = (b"absent/file", b"file/file", b"file", b"new", b"new/", b"directory", b"", b"refused/file")


def called(name, *arguments):
    ctypes.set_errno(0)
    result = getattr(libc, name)(*arguments)
    if result < 0:
        return errno.errorcode[ctypes.get_errno()]
    os.close(result)
    return "done"


def outcomes(flags, path):
    how = struct.pack("=3Q", flags, 0o600 if flags & (NEW | UNNAMED) else 0, 0)
    yield called("open", path, flags, 0o600)
    yield called("openat", -100, path, flags, 0o600)
    yield called("syscall", 437, -100, path, how, len(how))


os.mkdir("directory"), open("file", "w").close()
for flags in FLAGS:
    for path in PATHS:
        print(oct(flags), path, *outcomes(flags, path), sorted(os.listdir()))
