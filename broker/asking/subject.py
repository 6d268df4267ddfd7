"""The object that a person would say that a call is about. One subject is one question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from nono.broker.asking.question import Subject, SubjectKind
from nono.broker.explaining.explain import summary, verb
from nono.broker.network.index import is_this_machine
from nono.broker.requests import (
    CLOSING,
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
    if type(request) is Open and is_canonical(request.path):  # the commonest
        path = request.path
        place = path if is_directory(path) else parent(path)
        return Subject(SubjectKind.DIRECTORY, place)
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


_DETAILS = {
    Operation.SYMLINK: "which leads to",
    Operation.RENAME_TO: "which was",
    Operation.LINK_TO: "a name of",
    Operation.MKNOD: "which is",
    CLOSING: "with",
    "chmod": "with the mode",
    "chown": "to the owner and group",
    "setxattr": "the attribute",
    "removexattr": "the attribute",
}
_GOES_TO = "to"
_NEW_NAMES = (Operation.RENAME_TO, Operation.LINK_TO)
DETAILS = frozenset((*_DETAILS.values(), _GOES_TO))
"""What is wanted of an object may be followed by one of these, and what it is."""


def objects_of(requests: Iterable[Request]) -> tuple[tuple[str, str], ...]:
    """What is wanted, and of which object: the path, or where to; not made visible yet.

    What is decisive about a change follows it: where a link leads, the mode, the owner, and the
    other name of what is moved, where that is not among the objects.
    """
    all_of = [*requests]
    paths = {getattr(request, "path", "") for request in all_of}
    has_new = any(getattr(request, "operation", "") in _NEW_NAMES for request in all_of)
    found = dict.fromkeys(
        (
            _object(each),
            *(
                (wants, what)
                for wants, what in _details(each)
                if what not in paths and not (has_new and wants == _GOES_TO)
            ),
        )
        for each in all_of
    )
    return tuple(pair for pairs in found for pair in pairs)


def _details(request: Request) -> Iterator[tuple[str, str]]:
    match request:
        case PathChange(operation=Operation.RENAME_FROM, target=str() as target):
            yield _GOES_TO, target
        case PathChange(detail=str() as detail) | Metadata(detail=str() as detail) if detail:
            yield _DETAILS.get(request.operation, "with"), detail


def _object(request: Request) -> tuple[str, str]:
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
