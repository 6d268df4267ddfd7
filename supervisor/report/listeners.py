"""Whether something on this machine listens on a port: a refusal is told from a closed port."""

from __future__ import annotations

from collections.abc import Iterator

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_LISTENING = "0A"
_MAX_BYTES = 4 << 20


def listening_ports() -> frozenset[int] | None:
    """Those of now, by proc_net(5); None where that cannot be known."""
    found: set[int] = set()
    known = False
    for table in _TABLES:
        try:
            with open(table, encoding="ascii", errors="replace") as file:
                text = file.read(_MAX_BYTES)
        except OSError:
            continue
        known = True
        found |= set(_ports(text))
    return frozenset(found) if known else None


def _ports(text: str) -> Iterator[int]:
    for line in text.splitlines()[1:]:
        words = line.split()
        if len(words) > 3 and words[3] == _LISTENING:
            yield int(words[1].rpartition(":")[2], 16)
