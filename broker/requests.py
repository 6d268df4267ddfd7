"""Requests: what a program wants to do, after every name has been resolved.

All paths are absolute and canonical, decoded as os.fsdecode does. `own` says
that the sandbox itself made the object during this run; for a creation, that it
made the parent directory.
"""

from __future__ import annotations

from nono.broker.dataclass import dataclass
from nono.broker.enumeration import StrEnum
from nono.broker.rules.access import Access

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Protocol
else:
    Protocol = object


class Process(Protocol):
    """The program that asks. Implementations may read each property only when used."""

    @property
    def pid(self) -> int: ...
    @property
    def exe(self) -> str: ...
    @property
    def argv(self) -> tuple[str, ...]: ...
    @property
    def cwd(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Open:
    """Use the content of an existing object (open(2) and its relatives).

    `access` 0 is an open that conveys no right on the content (O_PATH).
    """

    process: Process
    path: str
    access: Access
    own: bool = False


class Operation(StrEnum):
    """A change of a name or of a file's existence, one path each.

    A rename is decided as two requests: RENAME_FROM the old path and RENAME_TO
    the new one. RENAME_EXCHANGE is all four. A hard link is LINK_FROM and
    LINK_TO. When RENAME_TO would replace something, UNLINK of that path is
    decided as well: the right to create new names is not the right to replace.
    """

    CREATE = "create"
    MKDIR = "mkdir"
    RMDIR = "rmdir"
    UNLINK = "unlink"
    RENAME_FROM = "rename_from"
    RENAME_TO = "rename_to"
    LINK_FROM = "link_from"
    LINK_TO = "link_to"
    SYMLINK = "symlink"
    MKNOD = "mknod"
    TRUNCATE = "truncate"
    BIND = "bind"


NAME_CHANGES = frozenset(
    {
        Operation.LINK_TO,
        Operation.RENAME_FROM,
        Operation.RENAME_TO,
        Operation.RMDIR,
        Operation.SYMLINK,
        Operation.UNLINK,
    }
)
"""Those that remove or replace a name, or put a link there."""


@dataclass(frozen=True, slots=True)
class PathChange:
    """Change a name (mkdir(2), unlink(2), rename(2), link(2), ...).

    `target` belongs to RENAME_FROM and LINK_FROM: the path that the object
    will have. `directory` belongs to RENAME_FROM: a directory takes along all
    that is below. The move must not give the program rights that it did not have
    before, nor a directory rights that its new place does not have; what is left
    out is taken for the worst. `detail` is what else a person has to see of the
    change: where the link leads, or which name the object has had. No rule speaks
    of it.
    """

    process: Process
    operation: Operation
    path: str
    own: bool = False
    target: str | None = None
    directory: bool = True
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Metadata:
    """Change metadata; `operation` is the system call's family: chmod, chown, utime, setxattr.

    `detail` is as that of a PathChange: the mode, the owner, the attribute.
    """

    process: Process
    operation: str
    path: str
    own: bool = False
    detail: str = ""


SET_ID = "set-id"
"""The operation of a Metadata that gives a file a set-user-ID or set-group-ID bit, or the like."""
CLOSING = "closing"
"""The operation of a Metadata by which a directory's owner may no longer list it, or search it.

What is refused below it would be out of sight of whoever looks for that at the next start.
"""


@dataclass(frozen=True, slots=True)
class Watch:
    """Be told of changes at a path (inotify_add_watch(2)); needs the right to read."""

    process: Process
    path: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class Execute:
    """Run a file as a program (execve(2))."""

    process: Process
    path: str


@dataclass(frozen=True, slots=True)
class UnixConnect:
    """Connect to the unix socket at a path (unix(7))."""

    process: Process
    path: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class ConnectHost:
    """Connect to a host that is known by name, before any address of it is (connect(2)).

    `host` may be spelled in any way, and may be an IP address as text.
    """

    process: Process
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Connect:
    """Connect to an IP address, given as text, and a port (connect(2)).

    `host` is the name that the address was found for. `own` says that only
    the sandbox itself listens there.
    """

    process: Process
    address: str
    port: int
    host: str | None = None
    own: bool = False


@dataclass(frozen=True, slots=True)
class ServerName:
    """Speak TLS with the server `name` on a connection that was made to `host`.

    `name` is the one in the ClientHello (RFC 6066 section 3), as sent; None when
    there is none, or when what was sent is not TLS. `encrypted` says that the
    hello may hold another name, which only the server can read (RFC 9849).
    """

    process: Process
    host: str
    port: int
    name: str | None
    encrypted: bool = False


@dataclass(frozen=True, slots=True)
class Bind:
    """Bind a socket to an IP address, given as text, and a port (bind(2), listen(2))."""

    process: Process
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Socket:
    """Make a socket of a domain such as "IPv4" or "IPv6" (socket(2))."""

    process: Process
    domain: str


DATAGRAMS_IPV4, DATAGRAMS_IPV6 = "datagrams over IPv4", "datagrams over IPv6"
"""Domains of sockets that are made in a network of the sandbox's own."""


@dataclass(frozen=True, slots=True)
class Forbidden:
    """Make a system call, by its name, that no policy allows: ptrace(2), mount(2), ..."""

    process: Process
    call: str


PathRequest = Open | PathChange | Metadata | Watch | Execute | UnixConnect
NetworkRequest = ConnectHost | Connect | ServerName | Bind | Socket
Request = PathRequest | NetworkRequest | Forbidden


@dataclass(frozen=True, slots=True)
class RecordedProcess:
    """A program as it was when it asked; `exe` and `argv` are its own claims."""

    pid: int
    exe: str = ""
    argv: tuple[str, ...] = ()
    cwd: str = ""


NOBODY = RecordedProcess(0)
"""Who asks when it is only asked what would be decided: no rule depends on it."""
