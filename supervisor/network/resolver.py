"""Upstream resolution: the real addresses of a host that the policy lets the sandbox reach.

The machine's own /etc/hosts comes first, then the DNS servers of its resolv.conf, or those that
the person named. The servers' answers come from the network and are bounded: the number of
addresses, the length of a CNAME chain (dnspython's limit is 16), and the time.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import dns.asyncbackend
import dns.asyncresolver
import dns.exception
import dns.name
import dns.nameserver
import dns.resolver
import trio

from nono.broker.dataclass import dataclass
from nono.supervisor.errors import NoAnswer, ResolutionError, UnknownHost, UnusableAnswer
from nono.supervisor.network import hosts_file as hosts_format
from nono.supervisor.network import resolv_conf as resolv_conf_format
from nono.supervisor.network.hosts_file import canonical_address
from nono.supervisor.network.resolv_conf import ResolvConf
from nono.supervisor.network.watched_file import WatchedFile
from nono.supervisor.nursery import open_nursery

MAX_ADDRESSES: Final = 16
"""What is kept of each family, in the order of the answer."""

_MAX_SECONDS: Final = 30.0  # for one call, whatever resolv.conf says
_MAX_LIFETIME: Final = 25.0  # for one question, so that its end is known before the call's
_MAX_QUESTIONS: Final = 64  # names asked for at once; each takes two sockets
_MAX_KNOWN: Final = 1024  # names
_MIN_KEPT_SECONDS: Final = 1.0  # of an answer: a TTL of 0 serves those who wait for it
_MAX_KEPT_SECONDS: Final = 3600.0
_NEGATIVE: Final = 5.0
_DNS_PORT: Final = 53

# How long the second family is waited for once the first has addresses: RFC 8305 section 3. The
# RFC does not wait for IPv4 at all, since it can add an answer to a race that has begun. Here the
# race gets one list, and where IPv6 leads nowhere a list without IPv4 is worth nothing.
_PATIENCE: Final = {"A": 0.05, "AAAA": 1.0}


@dataclass(frozen=True, slots=True)
class _Known:
    """What the servers said about a name, and until when (time.monotonic) that holds."""

    until: float
    addresses: tuple[str, ...] = ()
    error: type[ResolutionError] | None = None


@dataclass(frozen=True, slots=True)
class _Answer:
    """The answer for one family."""

    addresses: tuple[str, ...] = ()
    seconds: float = _MAX_KEPT_SECONDS
    failure: type[ResolutionError] | None = None
    """Why it is unknown whether there are addresses."""


class Resolver:
    """Resolves host names, each once as long as its answer holds.

    `nameservers` are (address, port) of DNS servers to ask instead of those in `resolv_conf`.
    `addresses` runs in trio's thread; `cached` may be called from any thread.
    """

    def __init__(
        self,
        nameservers: Sequence[tuple[str, int]] = (),
        hosts_file: str = "/etc/hosts",
        resolv_conf: str = "/etc/resolv.conf",
    ) -> None:
        self._nameservers = tuple(nameservers)
        # One byte more than the limit tells that there is more.
        self._hosts = WatchedFile(hosts_file, hosts_format.parse, hosts_format.MAX_BYTES + 1)
        self._conf = WatchedFile(
            resolv_conf, resolv_conf_format.parse, resolv_conf_format.MAX_BYTES
        )
        self._known: dict[str, _Known] = {}  # written by trio's thread only
        self._asked: dict[str, trio.Event] = {}
        self._room = trio.CapacityLimiter(_MAX_QUESTIONS)

    async def addresses(self, host: str) -> tuple[str, ...]:
        """The addresses of `host` (a canonical name), in the order in which to try them.

        The families take turns and IPv6 is first: RFC 8305 section 4. Raises a ResolutionError:
        UnknownHost, UnusableAnswer, or NoAnswer, after 30 s at most. An address stands for itself.
        """
        local = self._hosts.current().get(host) or _literal(host)
        if local:
            return _interleaved(local)
        with trio.move_on_after(_MAX_SECONDS):
            while (known := self._still_known(host)) is None:
                # If whoever asks is cancelled, the next one who waits asks again.
                await self._answered(host)
            if known.error is not None:
                raise known.error(host)
            return known.addresses
        raise NoAnswer(host)

    def on_loopback(self, host: str) -> tuple[str, ...]:
        """The addresses of a name that the machine's hosts file has for this machine itself."""
        return hosts_format.on_loopback(self._hosts.current(), host)

    def cached(self, host: str) -> tuple[str, ...] | None:
        """What `addresses` would return at once; None when it would have to ask, or would raise."""
        hosts = self._hosts.if_current()
        if hosts is None:
            return None
        local = hosts.get(host) or _literal(host)
        if local:
            return _interleaved(local)
        known = self._still_known(host)
        return known.addresses if known is not None and known.error is None else None

    async def records(self, name: dns.name.Name, kind: str) -> list[Any]:
        """The records of this type that an absolute name has, none if it has others only.

        Raises a ResolutionError. Nothing is kept: whoever asks has caches of its own.
        """
        host = name.to_text(omit_final_dot=True)
        with trio.move_on_after(_MAX_SECONDS):
            async with self._room:
                question = _Question(host, self._nameservers, self._conf.current())
                return await question.records(name, kind)
        raise NoAnswer(host)

    def _still_known(self, host: str) -> _Known | None:
        known = self._known.get(host)
        return known if known is not None and time.monotonic() < known.until else None

    async def _answered(self, host: str) -> None:
        """Return when the name was asked for, by this task or another."""
        if (asked := self._asked.get(host)) is not None:
            await asked.wait()
            return
        answered = self._asked[host] = trio.Event()
        try:
            async with self._room:
                self._keep(host, await self._ask(host))
        finally:
            del self._asked[host]
            answered.set()

    def _keep(self, host: str, known: _Known) -> None:
        self._known.pop(host, None)
        while len(self._known) >= _MAX_KNOWN:
            del self._known[next(iter(self._known))]  # the oldest
        self._known[host] = known

    async def _ask(self, host: str) -> _Known:
        """Ask for both families at the same time."""
        question = _Question(host, self._nameservers, self._conf.current())
        answers: dict[str, _Answer] = {}
        async with open_nursery() as nursery:
            one_is_there = trio.Event()

            async def ask(kind: str) -> None:
                answers[kind] = await question.ask(kind)
                one_is_there.set()

            for kind in _PATIENCE:
                nursery.start_soon(ask, kind)
            await one_is_there.wait()
            for kind, answer in answers.items():
                if answer.addresses:
                    nursery.cancel_scope.deadline = trio.current_time() + _PATIENCE[kind]
        return _both(answers)


def _both(answers: Mapping[str, _Answer]) -> _Known:
    late = _Answer(failure=NoAnswer)
    families = [answers.get(kind, late) for kind in ("AAAA", "A")]
    addresses = _in_turns([family.addresses for family in families])
    failures = [family.failure for family in families if family.failure is not None]
    now = time.monotonic()
    if addresses:
        # Half an answer is not kept for long: the other half may work the next time.
        seconds = _MIN_KEPT_SECONDS if failures else min(family.seconds for family in families)
        return _Known(now + seconds, addresses)
    return _Known(now + _NEGATIVE, error=failures[-1] if failures else UnknownHost)


class _Question:
    """One name, whom to ask for it, and how."""

    def __init__(self, host: str, nameservers: Sequence[tuple[str, int]], conf: ResolvConf) -> None:
        self._name = _labels(host)
        self._search = host.count(".") < conf.ndots
        self._servers = nameservers or [(address, _DNS_PORT) for address in conf.nameservers]
        self._conf = conf

    async def ask(self, kind: str) -> _Answer:
        """Raises nothing but Cancelled. A truncated answer is asked for again over TCP."""
        if self._name is None:
            return _Answer()
        try:
            answer = await self._resolver().resolve(
                self._name if self._search else self._name.concatenate(dns.name.root),
                kind,
                tcp=self._conf.use_vc,
                search=self._search,
                backend=dns.asyncbackend.get_backend("trio"),
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return _Answer()
        except dns.exception.Timeout:
            return _Answer(failure=NoAnswer)
        except dns.exception.DNSException:
            return _Answer(failure=UnusableAnswer)
        return _Answer(
            tuple(rdata.address for rdata in itertools.islice(answer, MAX_ADDRESSES)),
            min(max(answer.chaining_result.minimum_ttl, _MIN_KEPT_SECONDS), _MAX_KEPT_SECONDS),
        )

    async def records(self, name: dns.name.Name, kind: str) -> list[Any]:
        """As `Resolver.records`."""
        try:
            answer = await self._resolver().resolve(
                name,
                kind,
                tcp=self._conf.use_vc,
                search=False,
                raise_on_no_answer=False,
                backend=dns.asyncbackend.get_backend("trio"),
            )
        except dns.resolver.NXDOMAIN:
            raise UnknownHost(name.to_text()) from None
        except dns.exception.Timeout:
            raise NoAnswer(name.to_text()) from None
        except dns.exception.DNSException:
            raise UnusableAnswer(name.to_text()) from None
        return list(answer.rrset or ())

    def _resolver(self) -> dns.asyncresolver.Resolver:
        conf = self._conf
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = [dns.nameserver.Do53Nameserver(*each) for each in self._servers]
        resolver.rotate = conf.rotate
        resolver.ndots = conf.ndots
        resolver.timeout = conf.timeout
        resolver.lifetime = min(conf.timeout * conf.attempts * len(self._servers), _MAX_LIFETIME)
        if conf.search is not None:
            domains = [domain for domain in map(_labels, conf.search) if domain is not None]
            resolver.search = [domain.concatenate(dns.name.root) for domain in domains]
            resolver.domain = dns.name.root  # which is the search list when that is empty
        return resolver


def _labels(host: str) -> dns.name.Name | None:
    """A relative name; None when the text can be none. A backslash escapes nothing here."""
    name = host.removesuffix(".")
    try:
        return dns.name.Name(name.encode("ascii").split(b".")) if name else None
    except (UnicodeEncodeError, dns.exception.DNSException):
        return None


def _literal(host: str) -> tuple[str, ...]:
    address = canonical_address(host)
    return () if address is None else (address,)


def _interleaved(addresses: Sequence[str]) -> tuple[str, ...]:
    return _in_turns(
        [
            [each for each in addresses if (":" in each) is six][:MAX_ADDRESSES]
            for six in (True, False)
        ]
    )


def _in_turns(families: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """One of each in turn; the rest of the longer one is last."""
    turns = itertools.zip_longest(*families)
    return tuple(each for turn in turns for each in turn if each is not None)
