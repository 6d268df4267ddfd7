"""Names of hosts: the one form in which they are compared.

A program may write a name in any case, with a trailing dot, or in its own
script; all of these mean the same host (RFC 1035 section 2.3.3, RFC 5890).
"""

from __future__ import annotations

from nono.broker.compiled import pattern_of
from nono.broker.errors import InvalidHost
from nono.broker.rules.addresses import forms

_MAX_BYTES = 253
"""Of a name without its trailing dot (RFC 1035 section 2.3.4, less the root and a length)."""

_LOOPBACK = "127.0.0.1"
_LABEL = pattern_of(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = r"[0-9]+|0x[0-9a-f]*"
_HINT = "write the name alone, such as example.org"


def canonical_host(name: str) -> str:
    """The lower-case ASCII form of a host name, without a trailing dot.

    Other scripts become A-labels by UTS 46. A name that ends in a number is
    none: programs read it as an address (RFC 1123 section 2.1). Raises
    InvalidHost, also for an empty label or one beyond 63 bytes, a name beyond
    253, and a character that no host has; an underscore is fine.
    """
    text = name.removesuffix(".")
    if not text or len(text) > _MAX_BYTES:
        raise _invalid(name, f"it is empty or longer than {_MAX_BYTES} bytes")
    text = text.lower() if text.isascii() else _ascii(text)
    labels = text.split(".")
    if len(text) > _MAX_BYTES or not all(map(_LABEL.fullmatch, labels)):
        raise _invalid(name, "a part of it is empty, too long or has a character that no host has")
    if pattern_of(_NUMBER).fullmatch(labels[-1]):
        raise _invalid(name, "it ends in a number, as addresses do")
    return text


def _ascii(name: str) -> str:
    # Only names in other scripts need it, and it takes a while to load.
    import idna

    try:
        mapped = idna.uts46_remap(name, std3_rules=False).removesuffix(".")
        return ".".join(
            label if label.isascii() else idna.alabel(label).decode("ascii")
            for label in mapped.split(".")
        )
    except UnicodeError:
        raise _invalid(name, "it has a character that no host has") from None


def _invalid(name: str, why: str) -> InvalidHost:
    return InvalidHost(f"{name[:80]!r} is not the name of a host: {why}", _HINT)


def host_or_none(name: str) -> str | None:
    """The canonical form of a host name; None for what is no name."""
    try:
        return canonical_host(name)
    except InvalidHost:
        return None


def literal_address(host: str) -> str | None:
    """The address that `host` stands for without a look-up; None for what needs one.

    It is an address as text, or a name that always means loopback (RFC 6761
    section 6.3).
    """
    if forms(host):
        return host
    name = host_or_none(host)
    return _LOOPBACK if name is not None and is_localhost(name) else None


def is_localhost(host: str) -> bool:
    """True when this canonical name always means loopback."""
    return host == "localhost" or host.endswith(".localhost")


def parse_ports(value: int | str) -> tuple[int, int]:
    """The first and the last port of a range, `3000-3100`, or of one port. Raises InvalidHost."""
    first, dash, last = str(value).partition("-")
    if not first:  # a number below zero
        raise _no_port(str(value))
    ends = parse_port(first), parse_port(last if dash else first)
    if ends[0] > ends[1]:
        raise InvalidHost(
            f"{value!r} is not a range of ports: the smaller one is first", f"{last}-{first}"
        )
    return ends


def parse_port(text: str) -> int:
    """A TCP port, 1 to 65535. Raises InvalidHost."""
    if text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= 65535:
        return int(text)
    raise _no_port(text)


def _no_port(text: str) -> InvalidHost:
    return InvalidHost(f"{text[:20]!r} is not a port", "a port is a number from 1 to 65535")
