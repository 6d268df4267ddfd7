"""Calls that few programs make; the same text inside and outside."""
import ctypes, errno, fcntl, os, socket, struct, sys

libc = ctypes.CDLL(None, use_errno=True)


def tried(function, *arguments):
    try:
        return function(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]


def called(name, *arguments):
    ctypes.set_errno(0)
    result = getattr(libc, name)(*arguments)
    return result if result >= 0 else errno.errorcode[ctypes.get_errno()]


def flags(path, change=0):
    fd = os.open(path, os.O_RDONLY)
    try:
        present, = struct.unpack("i", tried(fcntl.ioctl, fd, 0x80086601, bytes(8))[:4])
        return tried(fcntl.ioctl, fd, 0x40086602, struct.pack("ii", present ^ change, 0)), present & 0xCF
    finally:
        os.close(fd)


def number_of(name):
    try:
        return socket.if_nametoindex(name)
    except OSError:
        return None


print([number_of(name) == index for index, name in socket.if_nameindex()], number_of("nothing"))
print(called("personality", 0), called("personality", 0xFFFFFFFF))
handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0), 136)
print(called("name_to_handle_at", -100, b".", handle, ctypes.byref(ctypes.c_int()), 0), handle.raw[:4])
print(called("name_to_handle_at", -100, b"nothing", handle, ctypes.byref(ctypes.c_int()), 0))
os.makedirs("inner"), open("file", "w").close(), open("inner/file", "w").close()
try:
    for path in ("file", "inner/file", "inner"):
        print(flags(path, 0x40), flags(path, 0x80), flags(path), flags(path, 0xC0), flags(path))
    reading, writing = os.pipe()
    print(tried(fcntl.ioctl, reading, 0x40086602, bytes(8)), tried(fcntl.ioctl, os.open("file", os.O_PATH), 0x40086602, bytes(8)))
except TypeError:
    print("no flags here")
