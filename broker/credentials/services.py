"""Services that a real key is added for: where they are, where the key goes, what they allow."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from nono.broker.credentials.endpoints import Endpoint, is_plain
from nono.broker.credentials.sources import InEnvironment, InFile, Source, parse_source
from nono.broker.dataclass import dataclass, field, replace
from nono.broker.datafile import data
from nono.broker.errors import PolicyError, UnknownName
from nono.broker.rules.hosts import canonical_host, literal_address, parse_port
from nono.broker.rules.rule import Origin, OriginKind

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_PRINTABLE = re.compile(r"[ -~]*")
_PATH = re.compile(r"(?:/[!-~]*)?")
_PORTS = {"https": 443, "http": 80}
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))
FRAMING_HEADERS = frozenset(
    (
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
"""What belongs to one connection and not to the request: RFC 9110 section 7.6.1."""


PROXY_ORIGIN = Origin(OriginKind.BUILTIN, "credential proxy")
"""Of the rule that lets a run connect to its own proxy."""


class InjectMode(enum.StrEnum):
    """Where in a request the key goes."""

    HEADER = "header"
    URL_PATH = "url_path"
    QUERY_PARAM = "query_param"
    BASIC_AUTH = "basic_auth"


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a service is: the parts of its URL. `path` is empty or begins with a slash."""

    scheme: str
    host: str
    port: int
    path: str = ""

    @property
    def is_tls(self) -> bool:
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """The host, and the port where it is not the scheme's own (RFC 9110 section 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


@dataclass(frozen=True, slots=True)
class Injection:
    """How a request carries the key. `{}` in a text stands for it.

    `header` and `format` belong to the mode `header`, `pattern` and `replacement` (parts of the
    path) to `url_path`, `parameter` to `query_param`.
    """

    mode: InjectMode = InjectMode.HEADER
    header: str = "Authorization"
    format: str = "Bearer {}"
    pattern: str = ""
    replacement: str = ""
    parameter: str = ""

    def __post_init__(self) -> None:
        match self.mode:
            case InjectMode.HEADER:
                _check_header(self.header)
                _check_template("credential_format", self.format, _PRINTABLE)
            case InjectMode.URL_PATH:
                for name, text in (
                    ("path_pattern", self.pattern),
                    ("path_replacement", self.replacement),
                ):
                    _check_template(name, text, _PATH)
                    if not text.startswith("/") or set("?#%") & {*text} or not is_plain(text):
                        raise PolicyError(
                            f"{name} {text[:80]!r} is not a part of a path",
                            "write it as /bot{}/, with {} for the key",
                        )
            case InjectMode.QUERY_PARAM:
                if not _HEADER.fullmatch(self.parameter) or "%" in self.parameter:
                    raise PolicyError(
                        "inject_mode query_param needs query_param_name",
                        'name the parameter: "query_param_name": "key"',
                    )


@dataclass(frozen=True, slots=True)
class Service:
    """One service, and what of it a program may use.

    `sources` are where its key may be, the first that has one counts. `key_variables` hold the
    program's token and `url_variables` the URL to send requests to. `accepts` are names of further
    headers, or with a `?` before them of parameters of the URL, that a program may put its token
    in. Without `endpoints` every request is allowed. `origin` is where the person named it.
    `set_aside` are places of its key that another one was named instead of.
    """

    name: str
    upstream: Upstream
    sources: tuple[Source, ...]
    key_variables: tuple[str, ...]
    url_variables: tuple[str, ...]
    injection: Injection = field(default_factory=Injection)
    endpoints: tuple[Endpoint, ...] = ()
    accepts: tuple[str, ...] = ()
    origin: str = field(default="", compare=False)
    set_aside: tuple[Source, ...] = ()

    def __post_init__(self) -> None:
        check_service_name(self.name)


def check_service_name(name: str) -> str:
    """The name of a service: it becomes part of URLs and of names of variables."""
    if not _NAME.fullmatch(name):
        raise PolicyError(
            f"{name[:80]!r} is not the name of a service",
            "use letters, digits, '-' and '_', such as my-api",
        )
    return name


def base_url_variable(name: str) -> str:
    """The variable that every program finds a service's URL in."""
    return re.sub(r"[^A-Z0-9]", "_", name.upper()) + "_BASE_URL"


def parse_upstream(text: str) -> Upstream:
    """The parts of a service's URL: HTTPS, or HTTP on loopback. Raises PolicyError."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _not_an_upstream(text) from None
    is_bare = not (parts.query or parts.fragment or parts.username or parts.password is not None)
    if parts.scheme not in _PORTS or not host or not is_bare or text.endswith(("?", "#")):
        raise _not_an_upstream(text)
    path = parts.path.rstrip("/")
    if not _PATH.fullmatch(path) or (path and not is_plain(path)) or "@" in parts.netloc:
        raise _not_an_upstream(text)
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise _not_an_upstream(text)
    number = _PORTS[parts.scheme] if port is None else parse_port(str(port))
    return Upstream(parts.scheme, literal_address(host) or canonical_host(host), number, path)


def built_in_services() -> tuple[str, ...]:
    """The names of the services that nono knows, sorted."""
    return tuple(sorted(data("services")))


def built_in_service(name: str, origin: str = "") -> Service:
    """Raises UnknownName."""
    known = data("services")
    if name not in known:
        raise UnknownName("service", name, known)
    entry = known[name]
    header = entry.get("header", "Authorization")
    variables = entry["key_variables"]
    return Service(
        name,
        parse_upstream(entry["upstream"]),
        # Who sets a variable for one run means it; the keychain holds for all.
        (*map(InEnvironment, entry.get("keys_from", variables)), parse_source(entry["account"])),
        tuple(variables),
        tuple(dict.fromkeys((*entry["url_variables"], base_url_variable(name)))),
        Injection(header=header, format=entry.get("format", default_format(header))),
        accepts=tuple(entry.get("accepts", ())),
        origin=origin,
    )


def own_service(
    name: str,
    upstream: str,
    credential_key: str,
    env_var: str | None = None,
    injection: Injection | None = None,
    endpoints: Sequence[tuple[str, str]] = (),
    origin: str = "",
) -> Service:
    """A service of the person's own. Raises PolicyError."""
    source = parse_source(credential_key)
    if env_var is None and isinstance(source, InFile):
        raise PolicyError(
            "a key in a file needs env_var", 'say what the program reads: "env_var": "MY_API_KEY"'
        )
    # As the same key would be found without nono.
    derived = source.name if isinstance(source, InEnvironment) else _variable_of(credential_key)
    return Service(
        name,
        parse_upstream(upstream),
        (source,),
        (env_var or derived,),
        (base_url_variable(name),),
        injection or Injection(),
        tuple(Endpoint(method, path) for method, path in endpoints),
        origin=origin,
    )


def _variable_of(credential_key: str) -> str:
    account = credential_key.rpartition("/")[2]
    return re.sub(r"[^A-Z0-9]", "_", account.upper())


def default_format(header: str) -> str:
    """What a header holds when nothing is said: a bearer token in Authorization, else the key."""
    return "Bearer {}" if header.lower() == "authorization" else "{}"


def with_source(service: Service, text: str) -> Service:
    """The service with its key in another place. Raises PolicyError."""
    return replace(
        service, sources=(parse_source(text),), set_aside=(*service.set_aside, *service.sources)
    )


def _check_header(header: str) -> None:
    if not _HEADER.fullmatch(header):
        raise PolicyError(
            f"{header[:80]!r} is not the name of a header", "write a name such as X-Api-Key"
        )
    if header.lower() in FRAMING_HEADERS or header.lower().startswith("proxy-"):
        raise PolicyError(
            f"the header {header} belongs to the connection and cannot hold a key",
            "use Authorization or a header of the service's own",
        )


def _check_template(name: str, text: str, allowed: re.Pattern[str]) -> None:
    if text.count("{}") != 1 or not allowed.fullmatch(text):
        raise PolicyError(
            f"{name} {text[:80]!r} does not say where the key goes",
            "write {} once, in printable ASCII: 'Bearer {}'",
        )


def _not_an_upstream(text: str) -> PolicyError:
    shown = re.sub(r"//[^/@]*@", "//...@", text)[:80]
    return PolicyError(
        f"{shown!r} is not a service to send a credential to",
        "write it as https://api.example.org",
    )
