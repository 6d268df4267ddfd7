"""The proxy by which a company's machines reach the internet, and the hosts that go without it.

nono uses it for the program: which hosts that may be is decided before, by their names, and the
program gets neither the proxy's address nor its password. Only plain HTTP to the proxy is spoken
(CONNECT of RFC 9110 section 9.3.6); what goes through is the program's own, TLS and all.
"""

from __future__ import annotations

import base64
import ipaddress
import urllib.parse
from collections.abc import Mapping

from nono.broker.dataclass import dataclass, field
from nono.broker.errors import InvalidHost
from nono.broker.network.host_entries import split_port
from nono.broker.rules.addresses import destination
from nono.broker.rules.hosts import canonical_host

VARIABLES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy")
"""Those that name one, in the order in which they are looked at."""
NO_PROXY = ("NO_PROXY", "no_proxy")

_DEFAULT_PORT = 80
_MAX_URL = 2048
_MAX_ENTRIES = 1000
_HINT = "write it as http://proxy.example.org:3128 or http://NAME:PASSWORD@HOST:PORT"


@dataclass(frozen=True, slots=True)
class UpstreamProxy:
    """`host` is a canonical name or an address, `named_by` the flag or variable that names it.

    `authorization` is the value of Proxy-Authorization, empty for none. `direct` are the entries of
    NO_PROXY.
    """

    host: str
    port: int
    named_by: str
    authorization: str = field(default="", repr=False)
    direct: tuple[str, ...] = ()

    @property
    def authority(self) -> str:
        """Host and port, for people."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def serves(self, host: str, port: int) -> bool:
        """False for a host, by its canonical name, that is reached without the proxy."""
        return not any(_speaks_of(entry, host, port) for entry in self.direct)


def parse_proxy(url: str, named_by: str, env: Mapping[str, str]) -> UpstreamProxy:
    """The proxy of a URL; `env` has NO_PROXY. Raises InvalidHost, whose words have no password."""
    try:
        parts = urllib.parse.urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname or "", parts.port or _DEFAULT_PORT
    except ValueError:
        raise InvalidHost("this is not the URL of a proxy", _HINT) from None
    if parts.scheme != "http" or len(url) > _MAX_URL or parts.path.strip("/") or parts.query:
        raise InvalidHost("only a proxy of the form http://HOST:PORT can be used", _HINT)
    name = host if destination(host) is not None else canonical_host(host)
    authorization = ""
    if parts.username is not None:
        words = (parts.username, parts.password or "")
        told = ":".join(map(urllib.parse.unquote, words)).encode()
        authorization = "Basic " + base64.b64encode(told).decode()
    listed = next((env[name] for name in NO_PROXY if env.get(name)), "")
    direct = tuple(entry.strip() for entry in listed.split(",") if entry.strip())
    return UpstreamProxy(name, port, named_by, authorization, direct[:_MAX_ENTRIES])


def _speaks_of(entry: str, host: str, port: int) -> bool:
    """An entry is `*`, a domain with all below it, an address or a block; a port may follow."""
    if entry == "*":
        return True
    try:
        place, only = split_port(entry)
    except InvalidHost:
        return False
    if only is not None and only != port:
        return False
    domain = place.removeprefix("*").removeprefix(".").rstrip(".").lower()
    if host == domain or host.endswith("." + domain):
        return bool(domain)
    address = destination(host)
    try:
        return address is not None and address in ipaddress.ip_network(place, strict=False)
    except ValueError:
        return False
