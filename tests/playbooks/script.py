"""What a play is given, and what was said in it, in words that are the same in every run."""

from dataclasses import dataclass, field

from nono.broker import (
    Bind,
    Connect,
    ConnectHost,
    Execute,
    Forbidden,
    Metadata,
    Open,
    Operation,
    PathChange,
    Request,
    Socket,
    UnixConnect,
    Watch,
)
from nono.supervisor.linux.calls.fork_count import ForkCount
from nono.supervisor.linux.calls.own.own_names import OwnNames

_MOVES = (Operation.RENAME_FROM, Operation.LINK_FROM)


@dataclass
class Script:
    """What is not given is allowed, and not the sandbox's own."""

    own: set[str] = field(default_factory=set)
    own_sockets: set[int] = field(default_factory=set)
    names: OwnNames = field(default_factory=OwnNames)
    refused: dict[str, int] = field(default_factory=dict)
    """Requests, in words, and the errno of each."""
    forks: ForkCount | None = None
    threads: set[int] = field(default_factory=set)
    """Those of the sandbox."""
    is_gone: bool = False
    """The caller does not wait any more."""
    replaced: dict[str, str] = field(default_factory=dict)
    """Words that differ from run to run, and what is said instead."""
    said: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        self.said.append(self.plain(text))

    def plain(self, text: str) -> str:
        for word, instead in self.replaced.items():
            text = text.replace(word, instead)
        return text

    def ask(self, verb: str, request: Request) -> int:
        """Say the request; its errno, 0 when it is allowed."""
        said = self.plain(words(request))
        self.said.append(f"{verb} {said}")
        return self.refused.get(said, 0)


def words(request: Request) -> str:
    """All of a request but who asks."""
    match request:
        case Open(_, path, access):
            text = f"open {access.name} {path}"
        case PathChange(_, operation, path, _, target, directory) if operation in _MOVES:
            text = f"{operation} {path} -> {target}{' whole' if directory else ''}"
        case PathChange(_, operation, path):
            text = f"{operation} {path}"
        case Metadata(_, operation, path):
            text = f"{operation} {path}"
        case Watch(_, path):
            text = f"watch {path}"
        case Execute(_, path):
            text = f"execute {path}"
        case UnixConnect(_, path):
            text = f"unix {path}"
        case ConnectHost(_, host, port):
            text = f"host {host} {port}"
        case Connect(_, address, port, None):
            text = f"connect {address} {port}"
        case Connect(_, address, port, host):
            text = f"connect {address} {port} for {host}"
        case Bind(_, address, port):
            text = f"bind {address} {port}"
        case Forbidden(_, call):
            text = f"forbidden {call}"
        case Socket(_, domain):
            text = f"socket {domain}"
        case _:
            raise NotImplementedError(request)
    return f"{text}, own" if getattr(request, "own", False) else text
