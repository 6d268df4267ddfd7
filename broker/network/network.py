"""The network's part of a decision: a mode, rules on hosts and addresses, and what always holds.

A request is answered by the first of the rules that speak of it, in the order
that `Network.considered` gives.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable

from nono.broker.dataclass import dataclass, field, replace
from nono.broker.enumeration import StrEnum
from nono.broker.errors import PolicyError
from nono.broker.network.index import NetworkIndex, is_loopback
from nono.broker.network.refusals import METADATA_RULES, PRIVATE_RULES, reaching
from nono.broker.requests import (
    Bind,
    Connect,
    ConnectHost,
    NetworkRequest,
    Request,
    ServerName,
    Socket,
)
from nono.broker.rules.access import ALL_ACCESS, Access
from nono.broker.rules.addresses import destination, forms
from nono.broker.rules.host_patterns import AddressBlock, LocalPort, NamePattern, NetworkPattern
from nono.broker.rules.hosts import host_or_none, literal_address
from nono.broker.rules.rule import (
    OWN_OBJECT,
    Anything,
    Effect,
    Origin,
    OriginKind,
    Rule,
    builtin,
)
from nono.broker.verdicts import Allow, Ask, Deny, Verdict

TLS_PORT = 443


class Mode(StrEnum):
    """How much of the network a run may use."""

    UNRESTRICTED = "unrestricted"
    FILTERED = "filtered"
    BLOCKED = "blocked"


_OPEN = builtin("unrestricted network")
_BLOCKED = builtin("blocked network", Effect.DENY)
_STREAMS = builtin("sockets of the filtered network")
_OWN_SERVERS = builtin("servers on loopback")
_NO_ADDRESS = builtin("not an IP address", Effect.DENY)
_NO_HOST = builtin("not the name of a host", Effect.DENY)
_SAME_NAME = builtin("TLS server names")
OTHER_NAME = builtin("TLS server names", Effect.DENY)
"""The refusal of TLS that does not name the host that the connection was made to."""
_NO_RULE = Rule(Anything(), ALL_ACCESS, Effect.DENY, Origin(OriginKind.DEFAULT, "default"))
_ERRNO: dict[type[Request], int] = {
    ConnectHost: errno.ECONNREFUSED,
    Connect: errno.ECONNREFUSED,
    ServerName: errno.ECONNREFUSED,
    Bind: errno.EACCES,
    Socket: errno.EAFNOSUPPORT,
}


LISTENING = Access.CREATE
"""Of an answer about a port to listen on, which is no right to connect to it."""


def refusal_errno(request: Request) -> int:
    """What a program sees of a request that nobody allows, where no rule refuses it."""
    return _ERRNO.get(type(request), errno.EACCES)


def split_answers(answers: Iterable[Rule]) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
    """Those that grant, and those that refuse."""
    answers = tuple(answers)
    return (
        tuple(rule for rule in answers if rule.effect is Effect.ALLOW),
        tuple(rule for rule in answers if rule.effect is Effect.DENY),
    )


@dataclass(frozen=True, slots=True)
class Network:
    """The network part of a policy.

    `refusals` are deny rules on blocks of addresses; they hold in every mode.
    `rules` speak of connections; deny beats allow, and allow rules belong to
    the filtered mode. In the blocked mode a deny rule on anything tells who
    blocked it. `listen` are allow rules on ports of this machine that may be
    bound to any address.
    `unchecked` are allow rules on hosts whose name in TLS is not compared.
    `rest` is a grant, in the filtered mode, on all that no other rule speaks
    of: for a run that shows what a program needs. `closed` is a refusal of all
    that no other rule speaks of, by who wants no host to be reached. `answers` are what a person
    said when asked, as `Policy` has them; those on ports to listen on have the right to create.
    Raises PolicyError when a part is none of these, and when a rule allows what a refusal takes as
    a whole.
    """

    mode: Mode = Mode.UNRESTRICTED
    refusals: tuple[Rule, ...] = METADATA_RULES
    rules: tuple[Rule, ...] = ()
    listen: tuple[Rule, ...] = ()
    unchecked: tuple[Rule, ...] = ()
    rest: Rule | None = None
    closed: Rule | None = None
    answers: tuple[Rule, ...] = ()
    _index: NetworkIndex = field(init=False, compare=False, repr=False)
    _exempt: NetworkIndex = field(init=False, compare=False, repr=False)
    _listen: NetworkIndex = field(init=False, compare=False, repr=False)
    _no: NetworkIndex = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        _check(self)
        yes, no = split_answers(self.answers)
        listened = tuple(rule for rule in yes if rule.access is LISTENING)
        reached = tuple(rule for rule in yes if rule.access is not LISTENING)
        for name, rules in (
            ("_index", (*reached, *self.rules)),
            ("_exempt", self.unchecked),
            ("_listen", (*listened, *self.listen)),
            ("_no", no),
        ):
            object.__setattr__(self, name, NetworkIndex(rules))

    def answered(self, answers: tuple[Rule, ...]) -> Network:
        """The same network with these answers. Raises PolicyError."""
        return replace(self, answers=answers)

    def decide(self, request: NetworkRequest, default: Rule = _NO_RULE) -> Verdict:
        """Answer a request. Total: no request makes it raise.

        Deny carries ECONNREFUSED for a connection, EACCES for bind(2), and
        EAFNOSUPPORT for socket(2). `default` refuses, or asks about connections and binds, where no
        rule speaks of them.
        """
        speaking = self.considered(request)
        is_asked = isinstance(request, ConnectHost | Connect | Bind)
        rule = speaking[0] if speaking else default if is_asked else _NO_RULE
        if rule in PRIVATE_RULES and default.effect is Effect.ASK:
            # A name leads there, and a rule that names the address opens it: an answer may be one.
            rule = replace(rule, effect=Effect.ASK)
        if rule.effect is Effect.ASK or rule.origin.kind is OriginKind.ANSWER:
            rule = self._refused_when_asked(request) or rule
        match rule.effect:
            case Effect.ALLOW:
                return Allow(rule)
            case Effect.ASK:
                return Ask(rule)
        return Deny(rule, refusal_errno(request))

    def _refused_when_asked(self, request: NetworkRequest) -> Rule | None:
        """The answer by which a person refused it."""
        found: Iterable[Rule] = ()
        match request:
            case ConnectHost(_, host, port):
                literal, name = literal_address(host), host_or_none(host)
                found = self._no.naming(name, port) if name is not None else ()
                found = self._no.reaching(literal, port) if literal is not None else found
            case Connect(_, address, port):
                found = self._no.reaching(address, port)
            case Bind(_, _, port):
                found = self._no.on_local_port(port)
        wants = LISTENING if isinstance(request, Bind) else Access.CONNECT
        return next((rule for rule in found if rule.access & wants), None)

    def considered(self, request: NetworkRequest) -> tuple[Rule, ...]:
        """Every rule that speaks of the request; the first decides.

        A grant on an address does not speak of a name that leads there.
        """
        if self.mode is Mode.BLOCKED:
            return self._blocking()
        match request:
            case Connect(_, address, port, host, own):
                return self._on_address(address, port, host, own)
            case ConnectHost(_, host, port):
                return self._on_host(host, port)
            case Bind(_, address, port):
                return self._on_bind(address, port)
            case ServerName(_, host, port, name, encrypted):
                return self._on_server_name(host, port, None if encrypted else name)
            case Socket():
                return self._open() or (_STREAMS,)

    def checks_name(self, host: str, port: int) -> bool:
        """True when TLS on a connection that was made to `host` must name that host."""
        if self.mode is not Mode.FILTERED or port != TLS_PORT or literal_address(host):
            return False
        name = host_or_none(host)
        return name is None or not self._exempt.naming(name)

    def opens_host(self, host: str) -> bool:
        """True when a rule opens some port of the host with this canonical name, and none refuses
        all of them."""
        if self.mode is not Mode.FILTERED:
            return False
        denials, grants = _split(self._index.naming(host))
        refused = any(getattr(rule.pattern, "ports", ()) is None for rule in denials)
        return not refused and (bool(grants) or self.rest is not None)

    def restricts_host(self, host: str) -> bool:
        """True when a rule refuses the host with this canonical name, or asks about it."""
        named = (*self._index.naming(host), *self._no.naming(host))
        return any(rule.effect is not Effect.ALLOW for rule in named)

    def _blocking(self) -> tuple[Rule, ...]:
        return tuple(r for r in self.rules if isinstance(r.pattern, Anything)) or (_BLOCKED,)

    def _open(self) -> tuple[Rule, ...]:
        """The rule that allows what no other one refuses, if there is one."""
        if self.mode is Mode.UNRESTRICTED:
            return (_OPEN,)
        return () if self.rest is None else (self.rest,)

    def _closing(self) -> tuple[Rule, ...]:
        """The rule that refuses what no other one allows, if there is one."""
        return () if self.closed is None else (self.closed,)

    def _on_host(self, host: str, port: int) -> tuple[Rule, ...]:
        literal = literal_address(host)
        if literal is not None:
            return self._on_address(literal, port)
        denials, grants = _split(self._naming(host, port))
        return (*denials, *grants, *self._open(), *self._closing())

    def _on_address(
        self, address: str, port: int, host: str | None = None, own: bool = False
    ) -> tuple[Rule, ...]:
        if not forms(address):
            return (_NO_ADDRESS,)
        if host is not None and literal_address(host) is not None:
            host = None
        refusals = reaching(self.refusals, address)
        denials, grants = _split(self._index.reaching(address, port))
        more, wide = _split(self._naming(host, port))
        denials += more
        if self.mode is Mode.UNRESTRICTED or (host is not None and not wide):
            return (*refusals, *denials, *self._open(), *self._closing())
        owned = (OWN_OBJECT,) if own else ()
        ranges = reaching(PRIVATE_RULES, address) if wide else ()
        opened = (*owned, *grants, *self._open(), *ranges, *wide)
        return (*refusals, *denials, *opened, *self._closing())

    def _naming(self, host: str | None, port: int) -> tuple[Rule, ...]:
        """The rules on a name, those on the port of every public host among them."""
        everywhere = self._index.on_public_port(port)
        if host is None:
            return everywhere
        name = host_or_none(host)
        return (_NO_HOST,) if name is None else (*self._index.naming(name, port), *everywhere)

    def _on_bind(self, address: str, port: int) -> tuple[Rule, ...]:
        target = destination(address)
        if target is None:
            return (_NO_ADDRESS,)
        refusals = reaching(self.refusals, address)
        if self.mode is Mode.UNRESTRICTED:
            return (*refusals, *self._open())
        loopback = (_OWN_SERVERS,) if is_loopback(target) else ()
        opened = (*loopback, *self._listen.on_local_port(port), *self._open())
        return (*refusals, *opened, *self._closing())

    def _on_server_name(self, host: str, port: int, name: str | None) -> tuple[Rule, ...]:
        if self.mode is Mode.UNRESTRICTED:
            return self._open()
        expected = None if literal_address(host) else host_or_none(host)
        exempt = self._exempt.naming(expected) if expected else ()
        if not exempt and self.checks_name(host, port):
            is_same = expected is not None and name is not None and host_or_none(name) == expected
            return (_SAME_NAME if is_same else OTHER_NAME,)
        return (*exempt, _SAME_NAME)


def _split(rules: Iterable[Rule]) -> tuple[list[Rule], list[Rule]]:
    """The denials, after them the questions that nobody has answered; and the grants."""
    denials: list[Rule] = []
    questions: list[Rule] = []
    grants: list[Rule] = []
    lists = {Effect.DENY: denials, Effect.ASK: questions, Effect.ALLOW: grants}
    is_answered = False
    for rule in rules:
        lists[rule.effect].append(rule)
        is_answered |= rule.effect is Effect.ALLOW and rule.origin.kind is OriginKind.ANSWER
    return (denials if is_answered else denials + questions), grants


def _check(network: Network) -> None:
    for rule in network.refusals:
        pattern = rule.pattern
        is_block = isinstance(pattern, AddressBlock) and pattern.ports is None
        if rule.effect is not Effect.DENY or not is_block:
            raise _misplaced(rule, "a refusal", "a deny rule on a block of addresses, all ports")
    for rule in (*network.rules, *network.answers):
        _check_rule(network, rule)
    for rule in network.listen:
        if rule.effect is not Effect.ALLOW or not isinstance(rule.pattern, LocalPort):
            raise _misplaced(rule, "a rule for listening", "an allow rule on a local port")
    if network.rest is not None and (
        network.mode is not Mode.FILTERED or network.rest.effect is not Effect.ALLOW
    ):
        raise _misplaced(network.rest, "the rest", "an allow rule in the filtered mode")
    if network.closed is not None and (
        network.mode is not Mode.FILTERED or network.closed.effect is not Effect.DENY
    ):
        raise _misplaced(network.closed, "what closes", "a deny rule in the filtered mode")
    for rule in network.unchecked:
        if rule.effect is not Effect.ALLOW or not isinstance(rule.pattern, NamePattern):
            raise _misplaced(rule, "an exemption", "an allow rule on the name of a host")


def _check_rule(network: Network, rule: Rule) -> None:
    if isinstance(rule.pattern, Anything):
        if network.mode is not Mode.BLOCKED or rule.effect is not Effect.DENY:
            raise _misplaced(rule, "a rule here", "a deny rule in the blocked mode")
    elif not isinstance(rule.pattern, NetworkPattern):
        raise _misplaced(rule, "a rule here", "a rule on hosts, addresses or ports")
    elif rule.effect is not Effect.DENY and network.mode is not Mode.FILTERED:
        raise _misplaced(rule, f"a rule of the {network.mode} mode", "in the filtered mode")
    elif rule.effect is Effect.ALLOW and isinstance(rule.pattern, AddressBlock):
        first, last = map(str, rule.pattern.ends)
        whole = set(reaching(network.refusals, first)) & set(reaching(network.refusals, last))
        for refusal in whole:
            raise PolicyError(
                f"{rule.pattern.spelled} ({rule.origin}) cannot be opened: it lies in "
                f"{refusal.pattern.spelled}, which is refused by {refusal.origin}",
                "leave it out: what a machine's credentials are handed out at is never opened",
            )


def _misplaced(rule: Rule, part: str, wanted: str) -> PolicyError:
    return PolicyError(
        f"{rule.pattern.spelled} ({rule.origin}) cannot be {part} of a network",
        f"it must be {wanted}",
    )
