"""Which addresses are this machine's own."""

from __future__ import annotations

import socket
from typing import Final

_DISCARD: Final = 9


def is_of_this_machine(host: str) -> bool:
    """True for an address that packets to it never leave the machine for, loopback aside.

    From such an address to itself is the way that the kernel chooses. Nothing is sent.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as probe:
        try:
            probe.connect((host, _DISCARD))
        except OSError:
            return False
        source: str = probe.getsockname()[0]
        return source == host
