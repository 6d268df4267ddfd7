"""Words for the requests that concern the network, and for unix sockets."""

from __future__ import annotations

from nono.broker.network.index import is_this_machine
from nono.broker.network.network import OTHER_NAME
from nono.broker.network.refusals import PRIVATE_RULES
from nono.broker.requests import (
    Bind,
    Connect,
    ConnectHost,
    NetworkRequest,
    ServerName,
    Socket,
    UnixConnect,
)
from nono.broker.rules.addresses import destination
from nono.broker.rules.host_patterns import DEFAULT_PORTS, with_port
from nono.broker.rules.hosts import host_or_none, literal_address
from nono.broker.rules.paths import is_canonical
from nono.broker.rules.rule import NO_DATAGRAMS, PAST_PROXY, AddressBlock, OriginKind, Rule
from nono.broker.settings import flag
from nono.broker.visible import visible


def summary(request: NetworkRequest) -> str:
    """What was asked for."""
    match request:
        case ConnectHost(_, host, port):
            return f"connect to {visible(host)} port {port}"
        case Connect(_, address, port, host):
            found_for = f"{visible(host)} ({visible(address)})" if host else visible(address)
            return f"connect to {found_for} port {port}"
        case ServerName(_, host, _, _, True):
            return f"an encrypted server name in TLS on the connection to {visible(host)}"
        case ServerName(_, host, _, name):
            server = "no server name in TLS" if name is None else f"TLS for {visible(name)}"
            return f"{server} on the connection to {visible(host)}"
        case Bind(_, address, port):
            return f"listen on {visible(address)} port {port}"
        case Socket(_, domain):
            return f"make a socket for {visible(domain)}"


def why_denied(request: NetworkRequest, rule: Rule, named: str) -> str:
    """The reason for a refusal by `rule`, which is called `named`."""
    if rule is OTHER_NAME:
        return "TLS must name the host that the connection was made to"
    if rule.origin == PAST_PROXY.origin:
        return f"{_program(request)} went past nono's proxy, which HTTPS_PROXY names"
    if rule.origin == NO_DATAGRAMS.origin:
        return (
            "datagrams stay in a network of the sandbox's own, which cannot be made here;"
            f" what cannot do without them may find hosts with {flag('network.by')}=proxy"
        )
    if rule.origin.kind is OriginKind.DEFAULT:
        return "no rule allows it"
    match request, rule.pattern:
        case Connect(_, address, _, str()), AddressBlock():
            return f"the name leads to {visible(address)}, which is denied by {named}"
    return f"denied by {named}"


def _program(request: NetworkRequest) -> str:
    """Who asked, by its file's name; all of it is its own claim."""
    return visible(request.process.exe.rpartition("/")[2] or "the program")


def why_asked(request: Connect, named: str) -> str:
    """The reason for a question about an address that an allowed name leads to."""
    return f"{visible(request.host or '')} leads there, and a name opens none of the {named}"


def fix(request: NetworkRequest, rule: Rule, closed: Rule | None = None) -> tuple[str, ...]:
    """The arguments that would allow it; none for what a person or nono refused on purpose.

    `closed` is the network's refusal of all that no other rule speaks of.
    """
    is_default = rule.origin.kind is OriginKind.DEFAULT
    match request:
        case ConnectHost(_, host, port) if is_default:
            return _open_host(host, port)
        case Connect(_, _, port, str(host)) if is_default and literal_address(host) is None:
            return _open_host(host, port)
        case Connect(_, address, port, host) if is_default or rule in PRIVATE_RULES:
            return _open_address(address, port, host is not None)
        case Connect(_, address, port, _) if rule is closed and _is_of_this_machine(address):
            return _open_address(address, port, False)
        case Bind(_, _, port) if is_default and _is_port(port):
            return (flag("network.listen_port"), str(port))
        case ServerName(_, host, _, name, encrypted) if rule is OTHER_NAME and (
            name is None or encrypted
        ):
            exempt = host_or_none(host)
            return (flag("network.no_sni_check"), exempt) if exempt else ()
    return ()


def _is_of_this_machine(address: str) -> bool:
    target = destination(address)
    return target is not None and is_this_machine(target)


def _is_port(number: int) -> bool:
    return 1 <= number <= 65535


def _open_host(host: str, port: int) -> tuple[str, ...]:
    literal = literal_address(host)
    if literal is not None:
        return _open_address(literal, port, False)
    name = host_or_none(host)
    if name is None or not _is_port(port):
        return ()
    return (flag("network.allow_domain"), with_port(name, _ports(port)))


def _open_address(address: str, port: int, is_found: bool) -> tuple[str, ...]:
    """`is_found` says that a name led there; then its port alone is opened."""
    target = destination(address)
    if target is None or target.is_multicast or not _is_port(port):
        return ()
    if not is_this_machine(target):
        ports = (port,) if is_found else _ports(port)
        return (flag("network.allow_domain"), with_port(str(target), ports))
    # A resolver that answers with the unspecified address means that there is no such host.
    if is_found and target.is_unspecified:
        return ()
    return (flag("network.open_port"), str(port))


def _ports(port: int) -> tuple[int, ...]:
    return DEFAULT_PORTS if port in DEFAULT_PORTS else (port,)


def why_no_socket(request: UnixConnect) -> str:
    """The reason when no rule allows to connect to a unix socket."""
    if is_canonical(request.path):
        return "no rule allows it"
    return "no rule allows it; an abstract socket of others cannot be opened"


def socket_fix(request: UnixConnect, rule: Rule) -> tuple[str, ...]:
    """The arguments that would allow to connect to a unix socket."""
    if not is_canonical(request.path):
        return ()
    allowing = (flag("filesystem.unix_socket"), request.path)
    if rule.origin.kind is OriginKind.DEFAULT:
        return allowing
    if not rule.protected:
        return ()
    return (flag("filesystem.bypass_protection"), request.path, *allowing)
