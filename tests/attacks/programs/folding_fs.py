"""A file system in memory that folds case and keeps it, as FAT and NTFS do: fuse(4).

As they do, it ignores dots at the end of a name and knows names by a short form with `~1`; as
ext4 and tmpfs do with `casefold`, it ignores a zero-width space.

`folding_fs.py PLACE UID GID COMMAND...`, as root: mounts it at PLACE in a mount namespace of its
own, with PLACE owned by the user, and becomes COMMAND as that user. It ends with the command.
"""

import contextlib
import ctypes
import errno
import os
import stat
import struct
import sys
import time

FORGETS = {2, 36, 42}
HEADER = struct.Struct("=IIQQIIIHH")
ATTRIBUTES = struct.Struct("=QQQQQQIIIIIIIIII")
_libc = ctypes.CDLL(None, use_errno=True)


def key(name: bytes) -> bytes:
    return name.replace(b"\xe2\x80\x8b", b"").rstrip(b".").lower()


class Node:
    def __init__(self, number: int, mode: int, uid: int, gid: int) -> None:
        self.number, self.mode, self.uid, self.gid = number, mode, uid, gid
        self.entries: dict[bytes, tuple[bytes, int]] = {}
        self.data = b""
        self.time = int(time.time())

    def attributes(self) -> bytes:
        links = 2 if stat.S_ISDIR(self.mode) else 1
        size = len(self.data)
        times = (self.time, self.time, self.time, 0, 0, 0)
        return ATTRIBUTES.pack(
            self.number, size, 1, *times, self.mode, links, self.uid, self.gid, 0, 4096, 0
        )


class Folding:
    def __init__(self, uid: int, gid: int) -> None:
        self.nodes = {1: Node(1, stat.S_IFDIR | 0o755, uid, gid)}
        self.last = 1

    def found(self, directory: int, name: bytes) -> int:
        entries = self.nodes[directory].entries
        entry = entries.get(key(name))
        if entry is None and name.endswith(b"~1"):
            start = name[:-2].lower()
            entry = next(
                (entries[each] for each in entries if each.strip(b".").startswith(start)), None
            )
        if entry is None:
            raise OSError(errno.ENOENT, "")
        return entry[1]

    def entry(self, number: int) -> bytes:
        return struct.pack("=QQQQII", number, 0, 0, 0, 0, 0) + self.nodes[number].attributes()

    def add(self, directory: int, name: bytes, mode: int, uid: int, gid: int) -> int:
        if key(name) in self.nodes[directory].entries:
            raise OSError(errno.EEXIST, "")
        self.last += 1
        self.nodes[self.last] = Node(self.last, mode, uid, gid)
        self.nodes[directory].entries[key(name)] = (name, self.last)
        return self.last

    def rename(self, directory: int, target: int, names: bytes, flags: int = 0) -> bytes:
        old, new = names.split(b"\0")[:2]
        here, there = self.nodes[directory].entries, self.nodes[target].entries
        entry = here.get(key(old))
        if entry is None:
            raise OSError(errno.ENOENT, "")
        if flags & 1 and key(new) in there:
            raise OSError(errno.EEXIST, "")
        if flags & 2:
            here[key(old)] = (old, there[key(new)][1])
        else:
            del here[key(old)]
        there[key(new)] = (new, entry[1])
        return b""

    def remove(self, directory: int, name: bytes) -> bytes:
        number = self.found(directory, name)
        if self.nodes[number].entries:
            raise OSError(errno.ENOTEMPTY, "")
        del self.nodes[directory].entries[key(name)]
        return b""

    def setattr(self, node: Node, body: bytes) -> bytes:
        valid, _, _, size = struct.unpack_from("=IIQQ", body)
        mode, _, uid, gid = struct.unpack_from("=IIII", body, 68)
        if valid & 1:
            node.mode = stat.S_IFMT(node.mode) | stat.S_IMODE(mode)
        if valid & 2:
            node.uid = uid
        if valid & 4:
            node.gid = gid
        if valid & 8:
            node.data = node.data[:size].ljust(size, b"\0")
        return struct.pack("=QII", 0, 0, 0) + node.attributes()

    def read_directory(self, node: Node, body: bytes) -> bytes:
        _, offset, size = struct.unpack_from("=QQI", body)
        found = b""
        for at, (name, number) in list(enumerate(node.entries.values(), 1))[offset:]:
            kind = stat.S_IFMT(self.nodes[number].mode) >> 12
            entry = struct.pack("=QQII", number, at, len(name), kind) + name
            entry = entry.ljust(-(-len(entry) // 8) * 8, b"\0")
            if len(found) + len(entry) > size:
                break
            found += entry
        return found

    def write(self, node: Node, body: bytes) -> bytes:
        _, offset, size = struct.unpack_from("=QQI", body)
        data = node.data.ljust(offset, b"\0")
        node.data = data[:offset] + body[40 : 40 + size] + data[offset + size :]
        return struct.pack("=II", size, 0)

    def answer(self, code: int, number: int, uid: int, gid: int, body: bytes) -> bytes:
        node = self.nodes[number] if number else Node(0, 0, 0, 0)
        name = body.split(b"\0")[0]
        if code == 26:
            return struct.pack("=IIIIHHIIHHI28x", 7, 31, 65536, 0, 0, 0, 65536, 1, 16, 0, 0)
        if code == 1:
            return self.entry(self.found(number, name))
        if code == 3:
            return struct.pack("=QII", 0, 0, 0) + node.attributes()
        if code == 4:
            return self.setattr(node, body)
        if code == 5:
            return node.data
        if code == 6:
            made = self.add(number, name, stat.S_IFLNK | 0o777, uid, gid)
            self.nodes[made].data = body.split(b"\0")[1]
            return self.entry(made)
        if code in (8, 9):
            mode, name = body[:4], body[16 if code == 8 else 8 :].split(b"\0")[0]
            (mode,) = struct.unpack("=I", mode)
            kind = stat.S_IFDIR if code == 9 else 0
            return self.entry(self.add(number, name, kind | mode, uid, gid))
        if code in (10, 11):
            return self.remove(number, name)
        if code == 12:
            return self.rename(number, struct.unpack_from("=Q", body)[0], body[8:])
        if code == 45:
            target, flags = struct.unpack_from("=QI", body)
            return self.rename(number, target, body[16:], flags)
        if code == 13:
            (old,) = struct.unpack_from("=Q", body)
            self.nodes[number].entries[key(body[8:-1])] = (body[8:-1], old)
            return self.entry(old)
        if code in (14, 27):
            return struct.pack("=QII", 0, 0, 0)
        if code == 15:
            _, offset, size = struct.unpack_from("=QQI", body)
            return node.data[offset : offset + size]
        if code == 16:
            return self.write(node, body)
        if code == 17:
            return struct.pack("=QQQQQIIII24x", 1 << 20, 1 << 20, 1 << 20, 1, 1, 4096, 255, 4096, 0)
        if code in (18, 20, 25, 29, 30):
            return b""
        if code == 28:
            return self.read_directory(node, body)
        if code == 35:
            (mode,) = struct.unpack_from("=4xI", body)
            made = self.add(number, body[16:].split(b"\0")[0], mode, uid, gid)
            return self.entry(made) + struct.pack("=QII", 0, 0, 0)
        raise OSError(errno.ENOSYS, "")

    def serve(self, device: int) -> None:
        while True:
            try:
                request = os.read(device, 1 << 20)
            except InterruptedError:
                continue
            except OSError as error:
                if error.errno == errno.ENOENT:
                    continue
                return
            _, code, unique, number, uid, gid, _, _, _ = HEADER.unpack_from(request)
            if code in FORGETS:
                continue
            status, body = 0, b""
            try:
                body = self.answer(code, number, uid, gid, request[HEADER.size :])
            except OSError as error:
                status = -(error.errno or errno.EIO)
            except (KeyError, AttributeError):
                status = -errno.ENOENT  # a node or a name that is gone
            with contextlib.suppress(OSError):
                os.write(device, struct.pack("=IiQ", 16 + len(body), status, unique) + body)


def mount(place: str, device: int) -> None:
    options = f"fd={device},rootmode=40755,user_id=0,group_id=0,allow_other,default_permissions"
    flags = 6  # MS_NOSUID, MS_NODEV
    if _libc.mount(b"folding", os.fsencode(place), b"fuse", flags, options.encode()):
        raise OSError(ctypes.get_errno(), "mount")


def main() -> None:
    place, uid, gid, *command = sys.argv[1:]
    if _libc.unshare(0x20000) or _libc.mount(b"none", b"/", None, 0x44000, None):
        raise OSError(ctypes.get_errno(), "unshare")
    device = os.open("/dev/fuse", os.O_RDWR)
    mount(place, device)
    parent = os.getpid()
    if os.fork() == 0:
        _libc.prctl(1, 9)  # PR_SET_PDEATHSIG, SIGKILL
        if os.getppid() == parent:
            for fd in (0, 1, 2):
                os.close(fd)
            Folding(int(uid), int(gid)).serve(device)
        os._exit(0)
    os.close(device)
    os.setgroups([])
    os.setgid(int(gid))
    os.setuid(int(uid))
    os.execvp(command[0], command)


main()
