"""/etc/hosts, as hosts(5) describes it."""

from __future__ import annotations

from _socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from collections.abc import Collection, Iterable, Mapping

from nono.broker.network.index import is_loopback
from nono.broker.rules.addresses import destination

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Final

MAX_BYTES: Final = 1024 * 1024
"""What is read of the file; a line that the limit cuts is left out with those after it."""

_MAX_NAME: Final = 253


def parse(content: bytes) -> Mapping[str, tuple[str, ...]]:
    """The addresses of each name, in the file's order, each once; names in lower case.

    A line that does not begin with an IPv4 or IPv6 address names nothing, as for libc. Never
    raises.
    """
    return _parse(_lines(content))


def _lines(content: bytes) -> list[bytes]:
    if len(content) > MAX_BYTES:
        content = content[: content.rfind(b"\n", 0, MAX_BYTES) + 1]
    return content.split(b"\n")


def _parse(lines: Iterable[bytes]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for line in lines:
        first, *names = line.partition(b"#")[0].decode("ascii", "replace").split() or [""]
        address = canonical_address(first)
        if address is not None:
            for name in names:
                if name.isascii() and len(name) <= _MAX_NAME:
                    found.setdefault(name.lower().removesuffix("."), {})[address] = None
    return {name: tuple(addresses) for name, addresses in found.items()}


def on_loopback(names: Mapping[str, tuple[str, ...]], host: str) -> tuple[str, ...]:
    """The addresses of a host that a machine's file names as itself, as of a server being
    developed; none of one that has another address as well, or is not in it."""
    found = names.get(host, ())
    return found if all(map(_is_on_loopback, found)) else ()


def _is_on_loopback(address: str) -> bool:
    """Of one in its usual spelling. The usual ones are known without `ipaddress`, which a start
    would load for them."""
    if address == "::1" or (address.startswith("127.") and ":" not in address):
        return True
    target = destination(address)
    return target is not None and is_loopback(target)


def is_ipv6_as_well(localhost: Collection[str]) -> bool:
    """Whether `localhost` is `::1`, too: by what a machine's file has for it, and without any."""
    return not localhost or "::1" in localhost


def of_this_machine(host: str) -> tuple[str, ...]:
    """The same by /etc/hosts as it is now."""
    try:
        with open("/etc/hosts", "rb") as file:
            lines = _lines(file.read(MAX_BYTES + 1))
    except OSError:
        return ()
    # Some have a hundred thousand hosts in it that they want to reach nothing.
    name = host.encode()
    return on_loopback(_parse(line for line in lines if name in line.lower()), host)


def canonical_address(text: str) -> str | None:
    """The usual spelling of an IPv4 or IPv6 address, inet_ntop(3); None for any other text.

    An address with a scope (`fe80::1%eth0`) is other text: its link is lost without it.
    """
    family = AF_INET6 if ":" in text else AF_INET
    try:
        return inet_ntop(family, inet_pton(family, text))
    except (OSError, ValueError):  # ValueError: a NUL
        return None
