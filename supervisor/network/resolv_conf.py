"""/etc/resolv.conf, as resolv.conf(5) describes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nono.broker.dataclass import dataclass
from nono.supervisor.network.hosts_file import canonical_address

MAX_BYTES: Final = 64 * 1024

_MAX_NAMESERVERS: Final = 3  # MAXNS of <resolv.h>
_MAX_SEARCH: Final = 32
_MAX_DIGITS: Final = 9
_LOCAL_NAMESERVER: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ResolvConf:
    """What the file says, with the defaults of resolv.conf(5) for what it does not say."""

    nameservers: tuple[str, ...] = (_LOCAL_NAMESERVER,)
    """Addresses; an IPv6 one may have a scope."""
    search: tuple[str, ...] | None = None
    """Domains for names with too few dots; None: the local host's own domain."""
    ndots: int = 1
    """A name with fewer dots than this is looked for in the search list first."""
    timeout: int = 5
    """Seconds for one question to one server."""
    attempts: int = 2
    rotate: bool = False
    use_vc: bool = False
    """Ask over TCP."""


def parse(content: bytes) -> ResolvConf:
    """Read the file's bytes; what is not understood is passed over, as libc does. Never raises."""
    nameservers: list[str] = []
    search: tuple[str, ...] | None = None
    options: dict[str, str] = {}
    for line in content[:MAX_BYTES].decode("ascii", "replace").split("\n"):
        if line.startswith(("#", ";")):
            continue
        match line.split():
            case ["nameserver", address, *_] if canonical_address(address.partition("%")[0]):
                nameservers.append(address)
            case ["domain", domain, *_]:
                search = (domain,)
            case ["search", *domains]:
                search = tuple(domains[:_MAX_SEARCH])
            case ["options", *given]:
                options |= {name: value for name, _, value in (o.partition(":") for o in given)}
    return ResolvConf(
        tuple(nameservers[:_MAX_NAMESERVERS]) or (_LOCAL_NAMESERVER,),
        search,
        # A timeout or an attempt of 0 would ask nobody.
        ndots=_number(options, "ndots", 0, default=1, highest=15),
        timeout=_number(options, "timeout", 1, default=5, highest=30),
        attempts=_number(options, "attempts", 1, default=2, highest=5),
        rotate="rotate" in options,
        use_vc="use-vc" in options,
    )


def _number(
    options: Mapping[str, str], name: str, lowest: int, *, default: int, highest: int
) -> int:
    value = options.get(name, "")
    if not value.isascii() or not value.isdecimal() or len(value) > _MAX_DIGITS:
        return default
    return min(max(int(value), lowest), highest)
