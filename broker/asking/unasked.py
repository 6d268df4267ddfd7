"""What nobody is asked about, though no rule decides it: what a person could not use an answer to.

What programs look for on the way and do without is data: data/harmless.json, which a report leaves
out as well, and data/unasked.json.
"""

from __future__ import annotations

from functools import cache, lru_cache

from nono.broker.datafile import data
from nono.broker.harmless import harmless
from nono.broker.requests import (
    Bind,
    Connect,
    ConnectHost,
    Execute,
    Forbidden,
    Open,
    Operation,
    PathChange,
    PathRequest,
    Request,
    ServerName,
    Socket,
)
from nono.broker.rules.addresses import destination
from nono.broker.rules.pattern_table import Patterns
from nono.broker.rules.patterns import Glob
from nono.broker.rules.rule import OriginKind, Rule

_MAX_KNOWN = 1024
_KINDS: dict[type, str] = {
    Execute: "the kernel runs only what its rules covered at the start of the run",
    Forbidden: "no rule can allow it",
    ServerName: "TLS must name the host that the connection was made to",
    Socket: "sockets of this kind are not there",
}


def unasked(request: Request, rule: Rule, home: str) -> str | None:
    """Why nobody is asked about what `rule` asks about; None when somebody is.

    `home` is canonical. What a person's own rule asks about is always asked about, if an answer can
    do anything.
    """
    why = None if type(request) is Open else _why_never(request)
    if why is not None:
        return why
    if rule.origin.kind is not OriginKind.DEFAULT or not isinstance(request, PathRequest):
        return None
    probe = harmless(request, home)
    if probe is not None:
        return probe.reason
    return _why_not(request.path)


def _why_never(request: Request) -> str | None:
    """Why nobody is asked, whichever rule it is."""
    why = _KINDS.get(type(request))
    if why is not None:
        return why
    if isinstance(request, PathChange) and request.operation is Operation.LINK_FROM:
        return "a second name of it would stay open, whatever the answer says"
    if isinstance(request, Bind) and not 1 <= request.port <= 65535:
        return "a port that nobody has chosen yet"
    if isinstance(request, Connect) and request.host is not None:
        target = destination(request.address)
        if target is None or target.is_unspecified or target.is_multicast:
            return "a resolver that answers so means that there is no such host"
    if isinstance(request, ConnectHost) and request.host in data("unasked")["hosts"]:
        return "machines of a cloud get their credentials there: no rule opens its address"
    return None


@lru_cache(_MAX_KNOWN)
def _why_not(path: str) -> str | None:
    return next((why for why, each in _patterns().about(path) if each.matches(path)), None)


@cache
def _patterns() -> Patterns[str]:
    return Patterns((each["reason"], Glob(each["path"])) for each in data("unasked")["paths"])
