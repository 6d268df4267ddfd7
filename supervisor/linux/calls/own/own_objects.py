"""What the sandbox itself made or has, in places that it shares with others.

/tmp and /dev/shm belong to everybody: a sandbox may use what it created there, known by identity
and not by name. The same holds for its own processes' /proc entries and its own terminals.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
import threading
from collections.abc import Callable

from nono.broker.rules.paths import SHARED, is_within
from nono.shims.linux.file_identity import identity
from nono.supervisor.errors import failure
from nono.supervisor.linux.calls.own import left_behind
from nono.supervisor.linux.calls.own.pinned import PINNED, Pinned
from nono.supervisor.linux.calls.resolving.caller import Caller
from nono.supervisor.linux.calls.resolving.handles import HANDLE_FLAGS, Handle

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.supervisor.linux.calls.fork_count import ForkCount
    from nono.supervisor.linux.calls.own.made_sockets import MadeSockets
    from nono.supervisor.linux.calls.own.own_datagrams import OwnDatagrams
    from nono.supervisor.linux.calls.own.own_names import OwnNames

_MAX_OBJECTS = 250_000
_MARKS = 8192 * 8
_NUMBERS = struct.Struct("=QQ")
"""Of the device and the inode, which an identity begins with."""
_PTS_MAJORS = range(136, 144)

# Below a process, /proc/PID/net shows the whole machine's connections, not the process's.
_HARMLESS_NET = {
    "dev": "counters of interfaces, which netlink tells as well",
    "route": "routes, which netlink tells as well",
    "if_inet6": "addresses of interfaces, which netlink tells as well",
    "ipv6_route": "routes, which netlink tells as well",
    "snmp": "counters of the machine's packets, without anybody's addresses",
    "snmp6": "the same",
    "netstat": "the same",
    "sockstat": "how many sockets there are",
    "sockstat6": "the same",
    "protocols": "which protocols the kernel has",
    "psched": "how fine the packet scheduler's clock is",
}


class OwnObjects:
    """The objects of one sandbox. Bounded: beyond the bound there is no room in shared places.

    May be used from any thread: each program of the sandbox has a loop of its own, and an open
    that had to wait is performed in trio's. A look into one of the sets takes no lock.
    """

    def __init__(self) -> None:
        self.may_have_changed = False
        """Whether there was a call that could make a name or write into a file, anywhere."""
        self.forks: ForkCount | None = None
        """What counts its processes, where these have a limit that no control group holds."""
        self.forgotten = 0
        """How often an object lost its name and may be nobody's; counted for a lane."""
        self.shared_ports = bytearray(4)
        """Not 0 once `share_ports` was called; for C."""
        self._datagrams: OwnDatagrams | None = None
        self._lock = threading.Lock()
        self._identities: set[bytes] = set()
        self._names: dict[str, bytes] = {}
        self._terminals: dict[int, int] = {}
        self._sockets: set[int] = set()
        self._pinned = Pinned()
        self._bound: set[bytes] = set()
        self._own_names: OwnNames | None = None
        self._made_sockets: MadeSockets | None = None
        self._marks: bytearray | None = None

    @property
    def marks(self) -> bytearray:
        """A bit for each object that may be the sandbox's own; others certainly are not. For C."""
        with self._lock:
            if self._marks is None:
                self._marks = bytearray(_MARKS // 8)
                for known in self._identities:
                    _mark(self._marks, *_NUMBERS.unpack_from(known.removeprefix(PINNED)))
            return self._marks

    @property
    def datagrams(self) -> OwnDatagrams:
        """Its unix sockets of datagrams."""
        # Few programs have any, so what knows of them is loaded when it is asked; so below.
        from nono.supervisor.linux.calls.own.own_datagrams import OwnDatagrams

        with self._lock:
            if self._datagrams is None:
                self._datagrams = OwnDatagrams()
            return self._datagrams

    @property
    def names(self) -> OwnNames:
        """Abstract names of its unix sockets."""
        from nono.supervisor.linux.calls.own.own_names import OwnNames

        with self._lock:
            if self._own_names is None:
                self._own_names = OwnNames()
            return self._own_names

    @property
    def made_sockets(self) -> MadeSockets:
        """Those that the broker has made, where it can copy none."""
        from nono.supervisor.linux.calls.own.made_sockets import MadeSockets

        with self._lock:
            if self._made_sockets is None:
                self._made_sockets = MadeSockets()
            return self._made_sockets

    def forget_sockets(self, init_pid: int) -> None:
        """At the end of a program, with all that it started."""
        if self._made_sockets is not None:
            self._made_sockets.forget(init_pid)

    def record_created(self, path: str, fd: int) -> None:
        """Remember the object behind a descriptor of ours if it was made in a shared place."""
        if not _shared_directory(path):
            return
        with self._lock:
            known = self._remembered(fd)
            if known is not None and len(self._identities) < _MAX_OBJECTS:
                self._identities.add(known)
                if len(self._names) < _MAX_OBJECTS:
                    self._names[path] = known

    def record_left(self, path: str, fd: int) -> None:
        """Remember what to remove at the end though it is not the sandbox's own."""
        if not _shared_directory(path):
            return
        with self._lock:
            known = self._remembered(fd)
            if known is not None and len(self._names) < _MAX_OBJECTS:
                self._names[path] = known

    def record_unnamed(self, directory: str, fd: int) -> None:
        """Remember what was made in a directory of a shared place without a name: O_TMPFILE."""
        if not _shared_directory(directory):
            return
        with self._lock:
            known = self._remembered(fd)
            if known is not None and len(self._identities) < _MAX_OBJECTS:
                self._identities.add(known)

    def forget(self, handle: Handle) -> None:
        """The name is deleted; with the last one, the inode may come back as another's."""
        if self._identities:
            is_last = handle.stat.st_nlink <= 1 or handle.kind == stat.S_IFDIR
            with self._lock:
                if is_last:
                    self.forgotten += 1
                    self._identities.discard(self._identity(handle.fd) or b"")
                    self._pinned.drop(handle.fd)
                self._names.pop(handle.path, None)

    def require_room(self, path: str) -> None:
        """Raise OSError (EDQUOT) when a name in a shared place could not be remembered any more.

        What is not remembered would neither be usable nor be removed at the end.
        """
        if max(len(self._names), len(self._identities)) >= _MAX_OBJECTS and _shared_directory(path):
            raise failure(errno.EDQUOT)

    def remove_left_behind(self, is_granted: Callable[[str], bool]) -> list[str]:
        """At the end, remove what the sandbox made in shared places and nobody granted it there.

        Returns the paths of the files with content among it.
        """
        with self._lock:
            names, self._names = self._names, {}
        to_remove = (each for each in names.items() if not is_granted(each[0]))
        return left_behind.remove(to_remove, self._identity)

    def note_moved(self, before: str, after: str, *, directory: bool) -> None:
        """What had a name has another, and a directory takes along what is in it."""
        with self._lock:
            self._names.pop(before, None)
            if directory:
                for path in [each for each in self._names if each.startswith(f"{before}/")]:
                    self._names[after + path[len(before) :]] = self._names.pop(path)

    def note_exchanged(self, one: str, other: str) -> None:
        """Two objects have each other's name now, and with them what is in them."""
        with self._lock:
            moved = {}
            for path in list(self._names):
                for before, after in ((one, other), (other, one)):
                    if path.startswith(f"{before}/"):
                        moved[after + path[len(before) :]] = self._names.pop(path)
                        break
            self._names.update(moved)

    def record_terminal(self, device: int, name: str) -> None:
        """Remember a terminal that the sandbox opened through /dev/ptmx.

        Its inode is kept open without access (O_PATH): when the terminal goes and its number
        becomes another's, ours has no link left.
        """
        with self._lock:
            self._drop_terminal(device)
            if len(self._terminals) < 256:
                self._terminals[device] = os.open(name, HANDLE_FLAGS | os.O_NOFOLLOW)

    def record_socket(self, cookie: int) -> None:
        """Remember a socket that the sandbox binds: its `identity` in `inet_diag` or `unix_diag`.

        By the socket and not by its name: that may become another's, or be given to another's
        socket by a rename.
        """
        with self._lock:
            if len(self._sockets) < _MAX_OBJECTS:
                self._sockets.add(cookie)

    def share_ports(self) -> None:
        """To be called before a socket of its gets SO_REUSEPORT: others may listen there, too."""
        self.shared_ports[0] = 1

    def is_own_socket(self, cookie: int) -> bool:
        """True when the sandbox bound this socket itself."""
        return cookie in self._sockets

    def record_bound(self, fd: int) -> None:
        """Remember the file that a unix socket of the sandbox's was bound to, for `is_bound`."""
        known = identity(fd)
        with self._lock:
            if known is not None and len(self._bound) < _MAX_OBJECTS:
                self._bound.add(known)

    def is_bound(self, fd: int) -> bool:
        """True when what listens at this file is the sandbox's: only a bind makes such a file."""
        return identity(fd) in self._bound

    def is_own(self, caller: Caller, handle: Handle) -> bool:
        """True when the object is the sandbox's own."""
        path = handle.path
        if is_within(path, "/proc"):
            return self._is_own_proc(caller, path)
        if stat.S_ISCHR(handle.stat.st_mode) and handle.stat.st_rdev:  # 0 is a whiteout
            return self._is_own_terminal(caller, handle)
        return self.is_own_file(path, handle.fd)

    def is_own_file(self, path: str, fd: int) -> bool:
        """True when the object is in a shared place and the sandbox made it or brought it there.

        Only the object itself counts: what lies in a directory of the sandbox's may be somebody
        else's, who found the directory there and uses it.
        """
        if not self._identities or _shared_directory(path) is None:
            return False
        return self._identity(fd) in self._identities

    def is_own_by(self, path: str, known: bytes) -> bool:
        """The same of an object with this `identity`; False where it is not known by that."""
        return known in self._identities and _shared_directory(path) is not None

    def _remembered(self, fd: int) -> bytes | None:
        """The identity by which the object is known from now on. Under the lock."""
        if self._marks is not None:
            status = os.fstat(fd)
            _mark(self._marks, status.st_dev, status.st_ino)
        return identity(fd) or self._pinned.pin(fd)

    def _identity(self, fd: int) -> bytes | None:
        return identity(fd) or self._pinned.mark(fd)

    def _is_own_proc(self, caller: Caller, path: str) -> bool:
        words = path.split("/")[2:]
        if not words or not words[0].isdecimal() or not caller.owns(int(words[0])):
            return False
        below = words[3:] if words[1:2] == ["task"] else words[1:]
        return below[:1] != ["net"] or (len(below) == 2 and below[1] in _HARMLESS_NET)

    def _is_own_terminal(self, caller: Caller, handle: Handle) -> bool:
        device = handle.stat.st_rdev
        if os.major(device) not in _PTS_MAJORS:
            return False
        if device == caller.terminal:
            return True
        with self._lock:
            pinned = self._terminals.get(device)
            if pinned is None:
                return False
            if os.fstat(pinned).st_nlink and os.path.samestat(os.fstat(pinned), handle.stat):
                return True
            self._drop_terminal(device)
            return False

    def _drop_terminal(self, device: int) -> None:
        """Under the lock: the descriptor's number is soon another's."""
        pinned = self._terminals.pop(device, None)
        if pinned is not None:
            os.close(pinned)

    def close(self) -> None:
        if self._made_sockets is not None:
            self._made_sockets.close()
        with self._lock:
            for device in list(self._terminals):
                self._drop_terminal(device)
            self._pinned.close()
        if self._datagrams is not None:
            self._datagrams.close()


def _mark(marks: bytearray, device: int, inode: int) -> None:
    mixed = inode ^ inode >> 16 ^ inode >> 32
    mixed = (mixed ^ device * 0x9E37) % _MARKS  # as lane.c does
    marks[mixed >> 3] |= 1 << (mixed & 7)


def _shared_directory(path: str) -> str | None:
    return next((d for d in SHARED if is_within(path, d)), None)
