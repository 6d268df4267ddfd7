"""What a program was seen to need: requests, added up per path, host and port."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass, field

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
    Request,
    UnixConnect,
    Watch,
)
from nono.broker.rules.access import Access
from nono.broker.rules.addresses import destination

MAX_NEEDS = 100_000
"""Of different paths, and of hosts and ports. What comes beyond is counted and not kept."""

_OF_CONTENT = {
    Operation.TRUNCATE: Access.WRITE,
    Operation.LINK_FROM: Access.READ | Access.WRITE,
}
"""Changes that are no change of a name."""


@dataclass(slots=True)
class Needs:
    """Filled by `add`. Paths are canonical.

    `paths` are objects and the rights on their content; `names` are those
    that were made, removed or replaced. `hosts` are names with their ports,
    `addresses` are of other machines, and `local_ports` of this one.
    """

    paths: dict[str, Access] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    hosts: dict[str, set[int]] = field(default_factory=dict)
    addresses: set[tuple[str, int]] = field(default_factory=set)
    local_ports: set[int] = field(default_factory=set)
    listen_ports: set[int] = field(default_factory=set)
    overflow: int = 0

    def add(self, request: Request) -> None:
        """Count a request in. What no profile can grant is passed over."""
        if self._size() >= MAX_NEEDS:
            self.overflow += 1
            return
        match request:
            case Open(_, path, access):
                self._need(path, access)
            case Execute(_, path):
                self._need(path, Access.READ | Access.EXECUTE)
            case Watch(_, path):
                self._need(path, Access.READ)
            case Metadata(_, _, path):
                self._need(path, Access.WRITE)
            case UnixConnect(_, path):
                self._need(path, Access.CONNECT)
            case PathChange(_, operation, path) if operation in _OF_CONTENT:
                self._need(path, _OF_CONTENT[operation])
            case PathChange(_, _, path):
                self.names.add(path)
            case ConnectHost(_, host, port):
                self.hosts.setdefault(host, set()).add(port)
            case Connect(_, address, port):
                self._need_address(address, port)
            case Bind(_, _, port) if port:
                self.listen_ports.add(port)

    def __bool__(self) -> bool:
        return self._size() > 0

    def _size(self) -> int:
        parts: tuple[Sized, ...] = (
            self.paths,
            self.names,
            self.hosts,
            self.addresses,
            self.local_ports,
            self.listen_ports,
        )
        return sum(map(len, parts))

    def _need(self, path: str, access: Access) -> None:
        self.paths[path] = self.paths.get(path, Access(0)) | access

    def _need_address(self, address: str, port: int) -> None:
        target = destination(address)
        if target is None:
            return
        if is_this_machine(target):
            self.local_ports.add(port)
        else:
            self.addresses.add((str(target), port))
