"""What each kind of request needs of the rules on its path."""

from __future__ import annotations

from nono.broker.dataclass import dataclass, replace
from nono.broker.requests import (
    CLOSING,
    Execute,
    Metadata,
    Operation,
    PathRequest,
    UnixConnect,
    Watch,
)
from nono.broker.rules.access import ALL_ACCESS, Access


@dataclass(frozen=True, slots=True)
class Demand:
    """What a request needs; numbers are bits of Access.

    `access` is needed on the object, with `whole` on all below it too;
    `carried` is the part of it that a move would otherwise give for nothing.
    `kept` are rights that would go with a directory to where they do not belong; with
    `escapes` it may hold what wildcards refuse only as long as it is where it is.
    """

    access: int
    refused_by: int
    creates: bool = False
    guarded: bool = False
    moves: bool = False
    whole: bool = False
    carried: int = 0
    kept: int = 0
    escapes: bool = False


READ, WRITE, EXECUTE = (a.value for a in (Access.READ, Access.WRITE, Access.EXECUTE))
_CONNECT, CREATE = Access.CONNECT.value, Access.CREATE.value
CARRIED = READ | _CONNECT
"""Rights that a move to another name can give and that copying the content cannot."""

_CREATION = Demand(WRITE, WRITE | CREATE, creates=True)
_PLACEMENT = replace(_CREATION, guarded=True)
_CHANGE = Demand(WRITE, WRITE)
_REMOVAL = replace(_CHANGE, guarded=True)
DEMANDS = {
    Operation.CREATE: _CREATION,
    Operation.MKDIR: _CREATION,
    Operation.MKNOD: _CREATION,
    Operation.BIND: _CREATION,
    Operation.SYMLINK: _PLACEMENT,
    Operation.LINK_TO: _PLACEMENT,
    Operation.RENAME_TO: _PLACEMENT,
    Operation.RMDIR: _REMOVAL,
    Operation.UNLINK: _REMOVAL,
    # What is moved away escapes every refusal on its old name, whichever right it names.
    Operation.RENAME_FROM: Demand(WRITE, ALL_ACCESS.value, guarded=True, moves=True),
    Operation.LINK_FROM: Demand(READ | WRITE, ALL_ACCESS.value, guarded=True, moves=True),
    Operation.TRUNCATE: _CHANGE,
}
_SIMPLE: dict[type[PathRequest], Demand] = {
    Metadata: _CHANGE,
    Watch: Demand(READ, READ),
    Execute: Demand(EXECUTE, EXECUTE),
    UnixConnect: Demand(_CONNECT, _CONNECT),
}


def of_object(request: PathRequest) -> Demand | None:
    """What is needed of an object that keeps its name; None for a kind of request that is unknown.

    Whoever closes a directory hides what is refused below it from the next start.
    """
    if isinstance(request, Metadata) and request.operation == CLOSING:
        return _REMOVAL
    return _SIMPLE.get(type(request))
