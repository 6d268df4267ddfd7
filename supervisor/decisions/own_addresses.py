"""Which addresses are this machine's own."""

from __future__ import annotations

from nono.broker.rules.addresses import destination

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Final

    from nono.broker.rules.addresses import Address

_DISCARD: Final = 9
_LOOPBACK: Final = {4: "127.0.0.1", 6: "::1"}


def is_of_this_machine(host: str) -> bool:
    """True for an address, as text, that packets to it never leave the machine for, loopback aside.

    From such an address to itself is the way that the kernel chooses. Nothing is sent.
    """
    address = destination(host)
    return address is not None and _source(address) == address


def loopback_like(host: str) -> str:
    """The loopback address of the family that a connection to the address `host` is of."""
    address = destination(host)
    return _LOOPBACK[6 if address is None else address.version]


def _source(address: Address) -> Address | None:
    """The address that a packet to `address` would come from; None when there is no way to it."""
    # What most starts do without is loaded only then.
    import socket

    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((str(address), _DISCARD))
        except OSError:
            return None
        return destination(probe.getsockname()[0])
