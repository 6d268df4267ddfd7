"""Synthetic addresses: what the sandbox gets to know instead of a host's real address.

A look-up inside the sandbox sends nothing upstream; it gets an address that stands for the name,
and the connect that follows tells by it which name the program means. The block is reserved for
benchmarks of network devices (RFC 2544 appendix C.2.2), so no host of the internet has one of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

SYNTHETIC = range(198 << 24 | 18 << 16 | 1, (198 << 24 | 20 << 16) - 1)
"""Where synthetic addresses come from, as numbers: 198.18.0.0/15. Its first and last address stand
for no name."""


class SyntheticNames:
    """Host names and their synthetic addresses, one for each name, the same for the whole run.

    May be used from any thread. The block bounds the memory: 131,070 names, some 60 MB if each
    has the 253 bytes that a host name may have. An address is never given to a second name, since
    nobody can tell for how long a program keeps what it looked up.
    """

    def __init__(self, on_loopback: Callable[[str], tuple[str, ...]] = lambda _: ()) -> None:
        """`on_loopback` tells the addresses of a name that means this machine, and none else."""
        self.on_loopback = on_loopback
        self._lock = threading.Lock()
        self._unused = iter(SYNTHETIC)
        self._addresses: dict[str, str] = {}
        self._hosts: dict[str, str] = {}

    def address_of(self, host: str) -> str | None:
        """The address that stands for `host`, a canonical name; None when all are used."""
        known = self._addresses.get(host)
        if known is not None:
            return known
        with self._lock:
            return self._addresses.get(host) or self._assign(host)

    def host_of(self, address: str) -> str | None:
        """The canonical name that `address`, in dotted decimals, stands for; None if for none."""
        return self._hosts.get(address)

    def _assign(self, host: str) -> str | None:
        unused = next(self._unused, None)
        if unused is None:
            return None
        address = ".".join(map(str, unused.to_bytes(4, "big")))
        # In this order: whoever gets an address finds its name.
        self._hosts[address] = host
        self._addresses[host] = address
        return address
