"""What one policy lets through that another does not, found by asking both the same questions.

The questions come from the rules of both: every path, host and port that either
speaks of, for every right. So a rule that a wider one makes needless is no
difference, and a refusal that is gone is one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nono.broker.explaining.access_words import WORDS
from nono.broker.policy.policy import Policy
from nono.broker.requests import (
    NOBODY,
    Bind,
    Connect,
    ConnectHost,
    Open,
    Operation,
    PathChange,
    Request,
)
from nono.broker.rules.access import Access
from nono.broker.rules.host_patterns import (
    AddressBlock,
    HostName,
    HostSuffix,
    LocalPort,
    PublicPort,
)
from nono.broker.rules.paths import child, is_within
from nono.broker.rules.rule import File, Glob, Pattern, Subtree, Subtrees
from nono.broker.verdicts import Allow

_ANY = "any-name-that-no-rule-has-5d2c81"
_ANY_HOST = "any-name-that-no-rule-has-5d2c81.example"
_PUBLIC_ADDRESS = "8.8.8.8"
_ANY_PORTS = (443, 22)


@dataclass(frozen=True, slots=True)
class _Question:
    """A request that stands for what `what` says; `tree` is where it speaks of all below."""

    what: str
    request: Request
    verb: str
    tree: str | None = None


def opened(before: Policy, after: Policy) -> list[str]:
    """What `after` allows and `before` does not, a line each, in words."""
    lines: dict[str, list[str]] = {}
    trees: dict[str, set[str]] = {}
    questions = dict.fromkeys(_questions((before, after)))
    for question in sorted(questions, key=lambda each: each.what):
        if not _allows(after, question.request) or _allows(before, question.request):
            continue
        within = question.tree if question.tree is not None else question.what
        if any(is_within(within, tree) for tree in trees.get(question.verb, set()) - {within}):
            continue
        if question.tree is not None:
            trees.setdefault(question.verb, set()).add(question.tree)
        lines.setdefault(question.what, []).append(question.verb)
    return [f"{_and(verbs)} {what}" for what, verbs in lines.items()]


def _allows(policy: Policy, request: Request) -> bool:
    return isinstance(policy.decide(request), Allow)


def _and(verbs: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(verbs))


def _questions(policies: Iterable[Policy]) -> Iterator[_Question]:
    yield from _about_host(_ANY_HOST, _ANY_PORTS, "any other host")
    yield _Question("any other port", Bind(NOBODY, "0.0.0.0", 61000), "listen on")
    both = tuple(policies)
    # Most patterns are those of both.
    for pattern in dict.fromkeys(rule.pattern for each in both for rule in each.rules):
        yield from _about_paths(pattern)
    for policy in both:
        network = policy.network
        for rule in network.rules:
            yield from _about_hosts(rule.pattern)
        for rule in network.listen:
            if isinstance(rule.pattern, LocalPort):
                what = rule.pattern.spelled.removesuffix(" of this machine")
                for port in _each(rule.pattern):
                    yield _Question(what, Bind(NOBODY, "0.0.0.0", port), "listen on")


def _about_paths(pattern: Pattern) -> Iterator[_Question]:
    match pattern:
        case Subtrees():
            for tree in pattern.trees():
                yield from _about_paths(tree)
        case Subtree(path):
            yield from _about_path(child(path, _ANY), f"all below {path}", path)
        case File(path):
            yield from _about_path(path, path)
        case Glob(text):
            example = _example(text)
            if example.startswith("/") and pattern.matches(example):
                yield from _about_path(example, text)


def _about_path(path: str, what: str, tree: str | None = None) -> Iterator[_Question]:
    for access, words in WORDS.items():
        request: Request = Open(NOBODY, path, access)
        if access is Access.CREATE:
            if tree is None:
                continue
            request = PathChange(NOBODY, Operation.CREATE, path)
        yield _Question(what, request, words.verb, tree)


def _example(text: str) -> str:
    """A path that the wildcards match: any name in the place of each."""
    return text.replace("**", _ANY).replace("*", _ANY).replace("?", "x")


def _about_hosts(pattern: Pattern) -> Iterator[_Question]:
    match pattern:
        case HostName(host, ports):
            yield from _about_host(host, ports or _ANY_PORTS, host)
        case HostSuffix(domain, ports):
            every = f"every host in {domain}"
            yield from _about_host(f"{_ANY}.{domain}", ports or _ANY_PORTS, every)
        case AddressBlock(text, ports):
            first = str(pattern.ends[0])
            for port in ports or _ANY_PORTS:
                what = f"{text} port {port}" if ports else f"{text}, every port"
                yield _Question(what, Connect(NOBODY, first, port), "connect to")
        case PublicPort() | LocalPort():
            address = "127.0.0.1" if isinstance(pattern, LocalPort) else _PUBLIC_ADDRESS
            for port in _each(pattern):
                yield _Question(pattern.spelled, Connect(NOBODY, address, port), "connect to")


def _each(pattern: PublicPort | LocalPort) -> range:
    """Every port: another policy may open a part of a range."""
    return range(pattern.port, pattern.last + 1)


def _about_host(host: str, ports: Iterable[int], what: str) -> Iterator[_Question]:
    for port in ports:
        yield _Question(f"{what} port {port}", ConnectHost(NOBODY, host, port), "connect to")
