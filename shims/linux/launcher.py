"""The program that forks sandboxes, where it was compiled when nono was installed: see launcher.c.

It is started with the number of a descriptor, its end of a SOCK_SEQPACKET socket, and says first
which version it is. A request is one byte, of HAS_, with eight descriptors: the order, the socket
to report on, three streams, the ruleset, the scope, the terminal. The answer is a process id, or
-errno. Its end has SO_PASSCRED, and it answers nobody but its parent.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Sequence

from nono.shims.named_tuple import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Final

PROGRAM = os.path.join(os.path.dirname(__file__), "launcher")
INTERFACE: Final = 4
MAX_ORDER: Final = 64 << 20
"""Bytes of an order, by either server."""
NUMBER: Final = struct.Struct("=i")
"""The version, and each answer."""

HAS_SCOPE: Final = 1
HAS_TERMINAL: Final = 2

_HEADER: Final = struct.Struct("=4Q8I")
_LIMIT: Final = struct.Struct("=3Q")
_ALL_BITS: Final = (1 << 64) - 1
_BROKER, _LINGERS, _OWN_SESSION, _CLOSED = 1, 2, 4, 8


class Order(NamedTuple):
    """What a start asks for; the fields that are not explained are those of protocol.py."""

    candidates: Sequence[str]
    """Paths of the program; the first that can be executed is."""
    argv: Sequence[str]
    env: Iterable[str]
    """NAME=VALUE each."""
    cwd: str
    program: bytes
    keep: Iterable[int]
    umask: int
    broker: bool
    ignored_signals: Iterable[int]
    signal_mask: Iterable[int]
    closed_streams: Iterable[int]
    lingers: bool
    group: str
    rlimits: Sequence[Sequence[int]]
    own_session: bool

    def pack(self) -> bytes:
        """As struct order of launcher_child.h."""
        env = list(self.env)
        texts = (self.cwd, self.group, *self.candidates, *self.argv, *env)
        limits = b"".join(
            _LIMIT.pack(number, soft & _ALL_BITS, hard & _ALL_BITS)
            for number, soft, hard in self.rlimits
        )
        body = self.program + limits + b"".join(os.fsencode(text) + b"\0" for text in texts)
        options = _BROKER * self.broker | _LINGERS * self.lingers | _OWN_SESSION * self.own_session
        options |= sum(_CLOSED << number for number in set(self.closed_streams))
        masks = (
            sum(1 << number for number in set(self.keep)),
            sum(1 << number - 1 for number in set(self.ignored_signals)),
            sum(1 << number - 1 for number in set(self.signal_mask)),
        )
        counts = len(self.program) // 8, len(self.rlimits)
        lists = len(self.candidates), len(self.argv), len(env), 0
        size = _HEADER.size + len(body)
        return _HEADER.pack(size, *masks, options, self.umask, *counts, *lists) + body


def is_there() -> bool:
    """Whether it was compiled, and may be executed."""
    return os.access(PROGRAM, os.X_OK)
