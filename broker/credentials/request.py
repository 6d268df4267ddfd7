"""A program's request to the credential proxy: whether it may be sent on, and what is sent then.

The rules, in order; the first that fails refuses the request:

1. It is an ordinary request to this server: no CONNECT, no absolute URL. What frames it has been
   looked at by then: `heads` reads no head with two hosts, two lengths or two kinds of framing.
2. Its path begins with the name of a service of this run.
3. It carries the token of that service, and no other.
4. The rest of the path is plain, lies below the service's own, and is allowed with this method.

What is sent on is made anew: nothing that belongs to the connection (RFC 9110 section 7.6.1), no
token, no second place for a key, no compression, since masking has to read the answer.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes, urlsplit, urlunsplit

from nono.broker.credentials.endpoints import (
    is_allowed,
    is_plain,
    normal,
    unclear,
    unclear_path,
)
from nono.broker.credentials.services import FRAMING_HEADERS, Injection, InjectMode, Service

Headers = Sequence[tuple[bytes, bytes]]
_FORBIDDEN_IN_TARGET = (b"#", b"\\")
_MAX_PATH = 1000
_SAFE_IN_PATH = "!$&'()*+,;=:@-._~"
_WRITTEN_AS_IT_IS = "".join(map(chr, range(0x21, 0x7F)))
_PLACEHOLDER = b"{}"
_DROPPED = frozenset(
    (
        *(name.encode() for name in FRAMING_HEADERS),
        b"accept-encoding",
        # Compressed frames could not be read for the key: RFC 7692.
        b"sec-websocket-extensions",
    )
)


@dataclass(frozen=True, slots=True)
class Refused:
    """The answer to a request that is not sent on. `service` is empty where none was meant."""

    status: int
    reason: str
    service: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that may be sent on. `path` is for people: without the query and the token."""

    service: Service
    method: bytes
    path: str
    target: bytes
    """The path below the upstream's host and the query, with `{}` for a key in the path."""
    headers: Headers
    upgrade: bool
    """True for a WebSocket (RFC 6455)."""

    def with_key(self, key: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
        """The target and the headers to send; those of the framing are not among them."""
        injection = self.service.injection
        target, headers = self.target, list(self.headers)
        match injection.mode:
            case InjectMode.HEADER:
                value = injection.format.encode().replace(_PLACEHOLDER, key)
                headers.append((injection.header.encode(), value))
            case InjectMode.BASIC_AUTH:
                headers.append((b"Authorization", b"Basic " + base64.b64encode(key)))
            case InjectMode.QUERY_PARAM:
                separator = b"&" if b"?" in target else b"?"
                parameter = injection.parameter.encode() + b"=" + quote(key, safe="").encode()
                target += separator + parameter
            case InjectMode.URL_PATH:
                quoted = quote(key, safe=_SAFE_IN_PATH).encode()
                path, question, query = target.partition(b"?")
                target = path.replace(_PLACEHOLDER, quoted) + question + query
        return target, headers


def judge(
    method: bytes,
    target: bytes,
    headers: Headers,
    services: Mapping[str, Service],
    tokens: Mapping[str, bytes],
) -> Admitted | Refused:
    """What becomes of a request, as `heads` has read it: names of headers are in lower case."""
    refused = _not_a_request(method, target)
    if refused is not None:
        return refused
    raw, question, query = target.partition(b"?")
    name, slash, below = raw[1:].decode("ascii").partition("/")
    service = services.get(name)
    if service is None:
        return Refused(401, "no service of this run is at the beginning of the path")
    path = slash + below
    if "{" in path or "}" in path:
        return Refused(400, "a path that a server may take for another one", name)
    carried = _Carried(service, tokens)
    path = carried.look(path, query, headers)
    shown = normal(path)[:_MAX_PATH]
    refused = carried.refusal() or _wrong_path(service, method, path, query, headers)
    if refused is not None:
        return Refused(refused.status, refused.reason, name, shown)
    upgrade = _is_websocket(method, headers)
    rest = carried.other_parameters(query)
    if service.injection.mode is InjectMode.URL_PATH:
        # The marks of the path around the key, as the upstream has them.
        pattern, replacement = service.injection.pattern, service.injection.replacement
        path = path.replace(pattern, replacement, 1)
    return Admitted(
        service,
        method,
        shown,
        path.encode() + (b"?" + rest if question and rest else b""),
        [*_kept(headers, carried.headers, tokens.values()), (b"Accept-Encoding", b"identity")],
        upgrade,
    )


def _not_a_request(method: bytes, target: bytes) -> Refused | None:
    if method.upper() == b"CONNECT":
        return Refused(407, "this is no forward proxy: connect to the host itself")
    is_path = target.startswith(b"/") and target.isascii()
    if not is_path or any([each in target for each in _FORBIDDEN_IN_TARGET]):
        return Refused(400, "the target must be a path on this server")
    return None


def _wrong_path(
    service: Service, method: bytes, path: str, query: bytes, headers: Headers
) -> Refused | None:
    base = service.upstream.path
    if not is_plain(path):
        return Refused(400, "a path that a server may take for another one")
    if not (path + "/").startswith(base + "/"):
        return Refused(403, f"the path is not below {base}")
    if not service.endpoints:
        return None
    verb, below = method.decode("ascii"), path[len(base) :] or "/"
    wrong = unclear(verb, below, query.decode("ascii"), (name for name, _ in headers))
    if not wrong and is_allowed(service.endpoints, verb, below):
        return None
    wrong = wrong or unclear_path(below)
    if wrong:
        return Refused(403, f"{service.name} is open for some requests only, and this has {wrong}")
    allowed = ", ".join(map(str, service.endpoints))
    return Refused(403, f"{service.name} is open for nothing but {allowed[:1000]}")


class _Carried:
    """The tokens that one request carries, in every place where its service may look for one."""

    def __init__(self, service: Service, tokens: Mapping[str, bytes]) -> None:
        self._service = service
        self._tokens = tokens
        self._found: list[bytes] = []
        self._twice = False
        injection = service.injection
        accepts = service.accepts
        own = (injection.header,) if injection.mode is InjectMode.HEADER else ()
        names = ("Authorization", *own, *(n for n in accepts if not n.startswith("?")))
        self.headers = {name.lower().encode() for name in names}
        self.parameters = {name[1:].encode() for name in accepts if name.startswith("?")}
        if injection.mode is InjectMode.QUERY_PARAM:
            self.parameters.add(injection.parameter.encode())

    def look(self, path: str, query: bytes, headers: Headers) -> str:
        """Take note of what is there; the path with `{}` for a token in it."""
        seen: list[bytes] = []
        for name, value in headers:
            if name in self.headers:
                self._found += _credentials(value) if name == b"authorization" else [value]
                seen.append(name)
        for name, value in _parameters(query) if query else ():
            if name in self.parameters:
                self._found.append(value)
                seen.append(b"?" + name)
        self._twice = len(seen) != len(set(seen))
        if self._service.injection.mode is InjectMode.URL_PATH:
            return self._without_token(path, self._service.injection)
        return path

    def _without_token(self, path: str, injection: Injection) -> str:
        """The pattern stands at the beginning of the path below the upstream's own, or after it."""
        before, after = injection.pattern.split("{}")
        start = path.find(before)
        if start == -1:
            return path
        start += len(before)
        ends = [end for end in (path.find("/", start), len(path)) if end != -1]
        end = path.find(after, start) if after else min(ends)
        if end == -1:
            return path
        self._found.append(unquote_to_bytes(path[start:end]))
        return f"{path[:start]}{{}}{path[end:]}"

    def refusal(self) -> Refused | None:
        """None when the right token was found."""
        if self._twice:
            return Refused(400, "a credential appears twice")
        right = self._tokens[self._service.name]
        if any([hmac.compare_digest(each, right) for each in self._found]):
            return None
        others = [token for token in self._tokens.values() if token != right]
        if any([hmac.compare_digest(each, other) for each in self._found for other in others]):
            return Refused(403, f"this is the token of another service than {self._service.name}")
        return Refused(401, f"the token of {self._service.name} in this run is missing or wrong")

    def other_parameters(self, query: bytes) -> bytes:
        """The query without what the key or the token belongs in."""
        if not query:
            return b""
        kept = [
            each for each in query.split(b"&") if _name_of(each) not in self.parameters and each
        ]
        return b"&".join(kept)


def _credentials(value: bytes) -> list[bytes]:
    """What may be the token in a header `Authorization`: RFC 9110 section 11.6.2, RFC 7617."""
    scheme, _, rest = value.strip().partition(b" ")
    rest = rest.strip()
    if scheme.lower() != b"basic":
        return [rest or scheme]
    try:
        decoded = base64.b64decode(rest, validate=True)
    except binascii.Error:
        return []
    return [decoded, *decoded.split(b":", 1)]


def _parameters(query: bytes) -> list[tuple[bytes, bytes]]:
    found = []
    for each in query.split(b"&"):
        name, _, value = each.partition(b"=")
        found.append((_decoded(name), _decoded(value)))
    return found


def _name_of(parameter: bytes) -> bytes:
    return _decoded(parameter.partition(b"=")[0])


def _decoded(part: bytes) -> bytes:
    return unquote_to_bytes(part.replace(b"+", b" "))


def _is_websocket(method: bytes, headers: Headers) -> bool:
    """RFC 6455 section 4.1. With a body it is not one: nobody could tell where its frames begin."""
    asked = [value.strip().lower() for name, value in headers if name == b"upgrade"]
    has_body = any(name in (b"content-length", b"transfer-encoding") for name, _ in headers)
    return method == b"GET" and asked == [b"websocket"] and not has_body


def _kept(
    headers: Headers, credentials: Iterable[bytes], tokens: Collection[bytes]
) -> list[tuple[bytes, bytes]]:
    """The headers that belong to the request and hold no key or token."""
    dropped = {*_DROPPED, *credentials}
    for name, value in headers:
        if name == b"connection":
            dropped |= {each.strip().lower() for each in value.split(b",")}
    kept = [
        (name, value)
        for name, value in headers
        # CGI knows no difference between the two.
        if name not in dropped
        and (b"_" not in name or name.replace(b"_", b"-") not in dropped)
        and not name.startswith((b"proxy-", b"proxy_"))
    ]
    text = b"\n".join([value for _, value in kept])
    if any([token in text for token in tokens]):
        return [(name, value) for name, value in kept if not any(t in value for t in tokens)]
    return kept


def led_back(location: bytes, service: Service, base_url: str) -> bytes:
    """A header `Location` of an answer, with places of the service itself led to the proxy.

    `base_url` is the proxy's own URL of the service. Everything else stays what it is, seen from
    the service (RFC 3986 section 4.2): whoever follows it has no key.
    """
    upstream = service.upstream
    try:
        text = location.decode("latin-1")
        parts = urlsplit(text, upstream.scheme if text.startswith("//") else "")
        port = parts.port
    except ValueError:
        return location
    if parts.netloc:
        default = 443 if parts.scheme == "https" else 80
        same = (parts.scheme, (parts.hostname or "").lower(), port or default)
        if same != (upstream.scheme, upstream.host, upstream.port) or "@" in parts.netloc:
            return f"{parts.scheme}:".encode() + location if text.startswith("//") else location
    elif parts.scheme or not text.startswith("/"):
        return location
    below = urlunsplit(("", "", "", parts.query, parts.fragment))
    led = f"{base_url}{parts.path or '/'}{below}"
    return quote(led, safe=_WRITTEN_AS_IT_IS, encoding="latin-1").encode()
