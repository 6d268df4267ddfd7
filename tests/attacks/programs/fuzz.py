"""Every brokered system call with odd arguments, always the same ones.

Arguments: a seed, how often, a denied file, a denied directory, a file that may be read, then the
names of the calls. It works in the current directory.
"""

import contextlib
import ctypes
import mmap
import os
import random
import socket
import struct
from collections.abc import Callable

from .attempt import arguments, call

# By letter: a path, a directory's descriptor, a descriptor, flags, a mode, a number, a size, a
# buffer, an xattr's name, an address of a socket, a structure for openat2, a thread of others.
SIGNATURES = {
    "open": "pFm", "openat": "dpFm", "openat2": "dphs", "creat": "pm",
    "mkdir": "pm", "mkdirat": "dpm", "mknod": "pmn", "mknodat": "dpmn",
    "rmdir": "p", "unlink": "p", "unlinkat": "dpF",
    "rename": "pp", "renameat": "dpdp", "renameat2": "dpdpF",
    "link": "pp", "linkat": "dpdpF", "symlink": "pp", "symlinkat": "pdp", "truncate": "pn",
    "chmod": "pm", "fchmod": "fm", "fchmodat": "dpm", "fchmodat2": "dpmF",
    "chown": "pnn", "lchown": "pnn", "fchown": "fnn", "fchownat": "dpnnF",
    "utime": "pb", "utimes": "pb", "futimesat": "dpb", "utimensat": "dpbF",
    "setxattr": "pxbsF", "lsetxattr": "pxbsF", "fsetxattr": "fxbsF", "setxattrat": "dpFxbs",
    "removexattr": "px", "lremovexattr": "px", "fremovexattr": "fx", "removexattrat": "dpFx",
    "getxattr": "pxbs", "lgetxattr": "pxbs", "getxattrat": "dpFxbs",
    "file_setattr": "dpbsF", "inotify_add_watch": "fpF",
    "execve": "pbb", "execveat": "dpbbF", "connect": "fas", "bind": "fas",
    "setpriority": "ntn", "ioprio_set": "ntn", "sched_setaffinity": "tsb",
    "sched_setattr": "tbF", "sched_setparam": "tb", "sched_setscheduler": "tnb",
}  # fmt: skip
BITS = [0, 1, 2, 3, *(1 << bit for bit in range(8, 64)), 2**31 - 1, 2**32 - 1, 2**64 - 1]
KINDS = [0, 0o040000, 0o100000, 0o120000, 0o140000, 0o020000, 0o060000, 0o170000]
AT = [0, 0x100, 0x200, 0x400, 0x1000, 0x1100, 0x800, 0x2000]
OPEN = [os.O_CREAT, os.O_EXCL, os.O_TRUNC, os.O_DIRECTORY, os.O_NOFOLLOW, os.O_PATH, os.O_TMPFILE]
PAGE = mmap.PAGESIZE


class Pools:
    """What the arguments are taken from."""

    def __init__(self, chance: random.Random, denied: str, directory: str, plain: str) -> None:
        self._chance = chance
        self._kept: list[object] = []
        self._memory = mmap.mmap(-1, 2 * PAGE)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        self._memory[:PAGE] = bytes(chance.randrange(256) for _ in range(PAGE))
        ctypes.CDLL(None).mprotect(ctypes.c_void_p(start + PAGE), PAGE, 0)
        self.wild = [
            0,
            1,
            start + PAGE - 1,
            start + PAGE - 8,
            2**47,
            2**63,
            2**64 - 4096,
            2**64 - 1,
        ]
        self.start = start
        self.paths = self._paths([denied, directory, plain])
        self.descriptors = self._descriptors([denied, directory, plain])
        self.make: dict[str, Callable[[], int]] = {
            "p": lambda: self._pointer(self.paths),
            "d": lambda: chance.choice([-100, 2**32 - 100, *self.descriptors]),
            "f": lambda: chance.choice(self.descriptors),
            "F": self._flags,
            "m": lambda: chance.choice(
                [0o600, 0o100700, chance.choice(KINDS) | chance.choice(BITS)]
            ),
            "n": lambda: chance.choice([0, 0xFFFFFFFF, chance.choice(BITS)]),
            "s": lambda: chance.choice([16, 24, 32, chance.choice([110, 128, 4096, 65536, *BITS])]),
            "b": self._buffer,
            "x": lambda: self._pointer(
                [b"user.a", b"user.a", b"user.", b"", b"trusted.a", b"u" * 300]
            ),
            "a": self._address,
            "h": self._how,
            "t": lambda: chance.choice([1, os.getppid(), 2**31 - 1, 2**31, -1, 2**32 + 1]),
        }

    def _paths(self, outside: list[str]) -> list[bytes]:
        links = [f"link{number}" for number, _ in enumerate(outside)]
        for name, target in zip(links, outside, strict=True):
            os.symlink(target, name)
        os.symlink("loop", "loop")
        inside = ["file", "file/", "directory", "directory/", "missing", "missing/x", "a", "b", "c"]
        proc = [f"/proc/self/fd/{fd}" for fd in (0, 3, 4, 5, 6, 7, 99999)]
        odd = [
            "",
            ".",
            "..",
            "../..//",
            "./",
            "near",
            "near/deep",
            "directory/..",
            "loop",
            "/dev/null",
        ]
        odd += ["/proc/self", "/proc/self/mem", "/proc/1/environ", "/proc/self/exe/x", "x" * 256]
        below = [f"{each}/new" for each in outside] + [os.path.relpath(each) for each in outside]
        words = [*inside * 6, *links, *outside, *below, *proc, *odd, "/".join("y" * 2049)]
        return [*map(os.fsencode, words), b"\xff\xfe\n\x1b[31m", b"z" * 5000]

    def _descriptors(self, outside: list[str]) -> list[int]:
        handles = [os.open(path, os.O_PATH) for path in (*outside, ".", "..", "/proc/self")]
        opened = [os.open(".", os.O_RDONLY), os.open(outside[-1], os.O_RDONLY)]
        opened += [os.open("file", os.O_CREAT | os.O_RDWR), os.memfd_create("m"), *os.pipe()]
        kinds = [(socket.AF_UNIX, socket.SOCK_STREAM), (socket.AF_UNIX, socket.SOCK_SEQPACKET)]
        for family in (socket.AF_INET, socket.AF_INET6):
            kinds += [(family, socket.SOCK_STREAM), (family, socket.SOCK_DGRAM)]
        sockets = [socket.socket(f, kind | socket.SOCK_NONBLOCK).detach() for f, kind in kinds]
        inotify = ctypes.CDLL(None).inotify_init()
        return [*handles, *opened, *sockets, inotify, -1, 99999, 2**31, 2**32 + 3, 2**63]

    def _pointer(self, texts: list[bytes]) -> int:
        if self._chance.random() < 0.05:
            return self._chance.choice(self.wild)
        return self._keep(self._chance.choice(texts) + b"\0")

    def _keep(self, data: bytes) -> int:
        buffer = ctypes.create_string_buffer(data, len(data))
        self._kept.append(buffer)
        del self._kept[:-16]
        return ctypes.addressof(buffer)

    def _flags(self) -> int:
        chance = self._chance
        return chance.choice(
            [0, 0, chance.choice(AT), sum(chance.sample(OPEN, 2)), chance.choice(BITS)]
        )

    def _how(self) -> int:
        words = [self._flags(), self._chance.choice([0, 0o600, 2**40]), self._chance.choice(BITS)]
        words[2] = self._chance.choice([0, 0, 1, 2, 4, 8, 16, 32, words[2]])
        return self._keep(struct.pack("=QQQ", *words) + bytes(64))

    def _buffer(self) -> int:
        """Nothing but zeros (times, attributes), anything, or no memory at all."""
        anything = self.start + 8 * self._chance.randrange(256)
        zeros = self._keep(bytes(128))
        return self._chance.choice([zeros, zeros, anything, self._chance.choice(self.wild)])

    def _address(self) -> int:
        family = self._chance.choice([0, 1, 1, 2, 10, 16, 65535])
        path = self._chance.choice(self.paths)[:108].ljust(108, b"\0")
        metadata = struct.pack(">H4s", 80, bytes((169, 254, 169, 254))).ljust(108, b"\0")
        loopback = struct.pack(">H4s", 1, bytes((127, 0, 0, 1))).ljust(108, b"\0")
        rest = self._chance.choice([path, b"\0" + path, metadata, loopback, bytes(108)])
        return self._keep(struct.pack("=H", family) + rest + bytes(64))


def is_win(fd: int, denied: set[int], readable: int) -> bool:
    """Whether a descriptor that was handed out gives what it must not."""
    mode = call("fcntl", fd, 3, 0) & (os.O_ACCMODE | os.O_PATH)
    inode = os.fstat(fd).st_ino
    gives = not mode & os.O_PATH and mode & os.O_ACCMODE != os.O_ACCMODE
    return gives and (inode in denied or (inode == readable and mode != os.O_RDONLY))


def refresh(top: int) -> None:
    """Have the file and the directory again, whatever was made of them."""
    os.fchmod(top, 0o755)
    for name in ("file", "directory"):
        with contextlib.suppress(OSError):
            os.rename(name, f"old-{name}-{len(os.listdir())}")
    with contextlib.suppress(FileExistsError):
        os.close(os.open("file", os.O_CREAT | os.O_EXCL, 0o600))
        os.mkdir("directory")


def main() -> None:
    seed, times, denied, directory, plain, *names = arguments()
    os.mkdir("directory")
    top = os.open(".", os.O_RDONLY)
    pools = Pools(random.Random(int(seed)), denied, directory, plain)
    inodes = {os.stat(path).st_ino for path in (denied, directory)}
    errors: dict[int, int] = {}
    done: set[str] = set()
    for turn in range(int(times)):
        if turn % 8 == 0:
            refresh(top)
        for name in names:
            words = [pools.make[letter]() for letter in SIGNATURES[name]]
            try:
                result = call(name, *words)
            except OSError as error:
                errors[error.errno or 0] = errors.get(error.errno or 0, 0) + 1
                continue
            done.add(name)
            if name.startswith(("open", "creat")):
                if is_win(result, inodes, os.stat(plain).st_ino):
                    print(f"{name} {words}", "WON", sep="\t")
                os.close(result)
    print("errors", dict(sorted(errors.items())), sep="\t")
    print("done", sorted(done), sep="\t")


if __name__ == "__main__":
    main()
