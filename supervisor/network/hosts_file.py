"""/etc/hosts, as hosts(5) describes it."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Final

from nono.broker.network.index import is_loopback
from nono.broker.rules.addresses import destination

MAX_BYTES: Final = 1024 * 1024
"""What is read of the file; a line that the limit cuts is left out with those after it."""

_MAX_NAME: Final = 253


def parse(content: bytes) -> Mapping[str, tuple[str, ...]]:
    """The addresses of each name, in the file's order, each once; names in lower case.

    A line that does not begin with an IPv4 or IPv6 address names nothing, as for libc. Never
    raises.
    """
    if len(content) > MAX_BYTES:
        content = content[: content.rfind(b"\n", 0, MAX_BYTES) + 1]
    found: dict[str, dict[str, None]] = {}
    for line in content.split(b"\n"):
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
    targets = [destination(each) for each in found]
    return found if all(each is not None and is_loopback(each) for each in targets) else ()


def of_this_machine(host: str) -> tuple[str, ...]:
    """The same by /etc/hosts as it is now."""
    try:
        with open("/etc/hosts", "rb") as file:
            return on_loopback(parse(file.read(MAX_BYTES + 1)), host)
    except OSError:
        return ()


def canonical_address(text: str) -> str | None:
    """The usual spelling of an IPv4 or IPv6 address, inet_ntop(3); None for any other text.

    An address with a scope (`fe80::1%eth0`) is other text: its link is lost without it.
    """
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    try:
        return socket.inet_ntop(family, socket.inet_pton(family, text))
    except (OSError, ValueError):  # ValueError: a NUL
        return None
