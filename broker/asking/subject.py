"""The object that a person would say that a call is about. One subject is one question."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from nono.broker.asking.question import Subject, SubjectKind
from nono.broker.explaining.explain import summary, verb
from nono.broker.network.index import is_this_machine
from nono.broker.requests import (
    Bind,
    Connect,
    ConnectHost,
    Execute,
    Metadata,
    Open,
    Operation,
    PathChange,
    PathRequest,
    Request,
    UnixConnect,
    Watch,
)
from nono.broker.rules.access import Access
from nono.broker.rules.addresses import destination
from nono.broker.rules.hosts import host_or_none, literal_address
from nono.broker.rules.paths import is_canonical, parent


def subject_of(request: Request, is_directory: Callable[[str], bool]) -> Subject:
    """Of a file, or of a name in a directory, the directory; of a connection, the host.

    `is_directory` tells whether a path is one now. Total, as a decision is.
    """
    match request:
        case UnixConnect(_, path):
            return Subject(SubjectKind.SOCKET, path)
        case ConnectHost(_, host, port):
            literal = literal_address(host)
            if literal is not None:
                return _address(literal, port)
            return Subject(SubjectKind.HOST, host_or_none(host) or host)
        case Connect(_, address, port):
            return _address(address, port)
        case Bind(_, address, port):
            return Subject(SubjectKind.PORT, with_port(address, port))
        case _ if isinstance(request, PathRequest) and is_canonical(request.path):
            is_listed = names_object(request) and is_directory(request.path)
            place = request.path if is_listed else parent(request.path)
            return Subject(SubjectKind.DIRECTORY, place)
    return Subject(SubjectKind.FILE, getattr(request, "path", ""))


def names_object(request: Request) -> bool:
    """True for what uses an object that is there; False for what makes or removes a name."""
    return not isinstance(request, PathChange) or request.operation is Operation.TRUNCATE


_WISHES = {
    Operation.UNLINK: "delete",
    Operation.RMDIR: "delete",
    Operation.RENAME_FROM: "rename",
    Operation.RENAME_TO: "rename",
    Operation.LINK_FROM: "rename",
    Operation.LINK_TO: "rename",
}


def wishes(requests: Iterable[Request]) -> frozenset[str]:
    """The kinds of what is wanted. Calls with others are not one question with these."""
    return frozenset(map(_wish, requests))


def _wish(request: Request) -> str:
    match request:
        case Open(access=access):
            return "write" if Access.WRITE in access else "read"
        case PathChange(operation=operation):
            return _WISHES.get(operation, "write")
        case Metadata():
            return "write"
        case Watch() | Execute():
            return "read"
    return "connect"


def object_of(request: Request) -> tuple[str, str]:
    """What is wanted, and of which object: the path, or where to; not made visible yet."""
    match request:
        case Connect(_, place, port, str() as host):
            return verb(request), f"{with_port(place, port)}, where {host} leads"
        case ConnectHost(_, place, port) | Connect(_, place, port) | Bind(_, place, port):
            return verb(request), with_port(place, port)
    return verb(request), getattr(request, "path", "") or summary(request)


def _address(address: str, port: int) -> Subject:
    target = destination(address)
    is_local = target is not None and is_this_machine(target)
    kind = SubjectKind.PORT if is_local else SubjectKind.ADDRESS
    return Subject(kind, with_port(address, port))


def with_port(address: str, port: int) -> str:
    """An address and a port as one text: RFC 3986 section 3.2.2."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
