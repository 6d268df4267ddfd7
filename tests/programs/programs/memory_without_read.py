"""Calls whose path is in memory that may only be written; the same text inside and outside."""
import ctypes, errno, mmap, os

libc = ctypes.CDLL(None, use_errno=True)
PAGE = mmap.PAGESIZE
READ, WRITE = mmap.PROT_READ, mmap.PROT_WRITE
memory = mmap.mmap(-1, 2 * PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, READ | WRITE)
start = ctypes.addressof(ctypes.c_char.from_buffer(memory))


def called(name, *arguments):
    ctypes.set_errno(0)
    result = getattr(libc, name)(*arguments)
    return "done" if result >= 0 else errno.errorcode[ctypes.get_errno()]


def each(where, first, second):
    """Calls with a path there, while the two pages may be used so."""
    for name, path, *arguments in (
        ("open", b"file", os.O_RDWR),
        ("mkdir", b"made", 0o755),
        ("chmod", b"made", 0o700),
        ("rmdir", b"made"),
    ):
        address = ctypes.c_void_p(start + where)
        assert libc.mprotect(ctypes.c_void_p(start), ctypes.c_size_t(2 * PAGE), READ | WRITE) == 0
        memory[where : where + len(path) + 1] = path + b"\0"
        assert libc.mprotect(ctypes.c_void_p(start), ctypes.c_size_t(PAGE), first) == 0
        assert libc.mprotect(ctypes.c_void_p(start + PAGE), ctypes.c_size_t(PAGE), second) == 0
        print(where, first, second, name, called(name, address, *arguments))


open("file", "w").close()
each(0, WRITE, 0)
each(PAGE, 0, WRITE)
each(PAGE - 2, READ, WRITE)
each(PAGE - 2, WRITE, READ)
each(0, 0, 0)
each(PAGE - 2, WRITE, 0)
