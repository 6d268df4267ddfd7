"""What an audit holds, one record each, as plain data and back.

Times are nanoseconds since the epoch, given by whoever records. Text comes from
the sandbox: it is bounded here and must pass `visible` before it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nono.broker.audit.answer_records import (
    Answered,
    Changed,
    plain_answered,
    plain_changed,
    read_answered,
    read_changed,
)
from nono.broker.audit.plain_policy import plain_decider, plain_policy, read_decider, read_policy
from nono.broker.dataclass import dataclass
from nono.broker.errors import InvalidRecord
from nono.broker.named_tuple import NamedTuple
from nono.broker.plain_request import plain_request, read_request
from nono.broker.plain_values import (
    as_flag,
    as_list,
    as_number,
    as_text,
    as_tuple,
    optional,
)
from nono.broker.policy.policy import Policy
from nono.broker.requests import Process, RecordedProcess, Request
from nono.broker.rules.rule import Effect, Origin, Rule

FORMAT = 2
"""The version of everything that these records say; another one is not read."""
_MAX_WORDS = 32
_MAX_WORD = 200
_MAX_COMMAND = 65536


class Start(NamedTuple):
    """The first record: what the run is decided by.

    `nono` is the version of the program. `tmpdir` is the run's private one.
    """

    time: int
    nono: str
    tmpdir: str
    policy: Policy


class Program(NamedTuple):
    """A program is about to be started in the sandbox."""

    time: int
    argv: tuple[str, ...]
    cwd: str


class Exit(NamedTuple):
    """A program ended with this wait status; None when it is unknown or never ran."""

    time: int
    status: int | None


class Limited(NamedTuple):
    """A limit was reached: its `name`, and what is told of it."""

    time: int
    name: str
    words: str


class Decision(NamedTuple):
    """One decision.

    `request` is what was asked and `decided` what the verdict is about, where
    that is another request: the right on a directory instead of on a name in it.
    `native` is a call that the kernel's floor allows, or refuses, by itself; for
    one that it allows no rule was looked for and `origin` is None. `errno` is
    what the program sees, 0 for nothing. `rule` is the one that refused, where it is about
    something: the policy that the run was started with need not have it.
    """

    time: int
    request: Request
    effect: Effect
    errno: int = 0
    origin: Origin | None = None
    decided: Request | None = None
    native: bool = False
    rule: Rule | None = None


class Unresolved(NamedTuple):
    """A host that is allowed and has no known address."""

    time: int
    host: str
    why: str


class Exchange(NamedTuple):
    """A request to a service through the credential proxy, refused or sent on.

    `service` is empty where none was meant. `path` is without the query and without a token;
    `sent` and `received` are bytes of bodies; `status` is 0 when there was no answer;
    `reason` tells why it was refused or failed.
    """

    time: int
    service: str
    method: str
    path: str
    status: int
    sent: int
    received: int
    reason: str


@dataclass(frozen=True, slots=True)
class Summed:
    """Decisions that came too fast to be written one by one: `count` of a `kind` before."""

    time: int
    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class End:
    """The last record of a session that ended properly; `count` records are before it."""

    time: int
    count: int


Record = (
    Start
    | Program
    | Exit
    | Limited
    | Decision
    | Unresolved
    | Exchange
    | Answered
    | Changed
    | Summed
    | End
)


def cut(argv: tuple[str, ...]) -> tuple[str, ...]:
    """At most 32 words of at most 200 characters: enough to know a program by."""
    return tuple(word[:_MAX_WORD] for word in argv[:_MAX_WORDS])


def plain_decision(
    time: int,
    process: Process,
    request: Request,
    effect: Effect,
    errno: int,
    by: Origin | Rule | None,
    decided: Request | None,
    native: bool,
) -> list[object]:
    """A decision as plain data; `cut` the words of the process before. Made for every call."""
    return [
        "decision",
        time,
        process.pid,
        process.exe,
        process.argv,
        plain_request(request),
        effect.value,
        errno,
        None if by is None else plain_decider(by),
        None if decided is None else plain_request(decided),
        native,
    ]


def plain(record: Record) -> list[object]:
    """A record as plain data: the name of its kind first."""
    match record:
        case Start(time, nono, tmpdir, policy):
            return ["start", FORMAT, time, nono, tmpdir, plain_policy(policy)]
        case Program(time, argv, cwd):
            return ["program", time, _bounded_command(argv), cwd]
        case Exit(time, status):
            return ["exit", time, status]
        case Limited(time, name, words):
            return ["limit", time, name, words]
        case Decision(time, request, effect, errno, origin, decided, native, rule):
            who, by = request.process, rule or origin
            return plain_decision(time, who, request, effect, errno, by, decided, native)
        case Unresolved(time, host, why):
            return ["unresolved", time, host, why]
        case Exchange(time, service, method, path, status, sent, received, reason):
            return ["exchange", time, service, method, path, status, sent, received, reason]
        case Answered():
            return plain_answered(record)
        case Changed():
            return plain_changed(record)
        case Summed(time, kind, count):
            return ["summed", time, kind, count]
        case End(time, count):
            return ["end", time, count]


def _bounded_command(argv: tuple[str, ...]) -> list[str]:
    """All words of a command as long as they are together of a bearable length."""
    kept: list[str] = []
    room = _MAX_COMMAND
    for word in argv:
        kept.append(word[:room])
        room -= len(word)
        if room <= 0:
            break
    return kept


def _read_start(version: object, *rest: object) -> Start:
    if as_number(version) != FORMAT:
        raise InvalidRecord(f"format {version}: written by another version of nono")
    time, nono, tmpdir, policy = as_list(rest, 4)
    return Start(as_number(time), as_text(nono), as_text(tmpdir), read_policy(policy))


def _read_program(time: object, argv: object, cwd: object) -> Program:
    return Program(as_number(time), as_tuple(argv, as_text), as_text(cwd))


def _read_exit(time: object, status: object) -> Exit:
    return Exit(as_number(time), optional(as_number)(status))


def _read_limited(time: object, name: object, words: object) -> Limited:
    return Limited(as_number(time), as_text(name), as_text(words))


def _read_decision(
    time: object,
    pid: object,
    exe: object,
    argv: object,
    request: object,
    effect: object,
    errno: object,
    decider: object,
    decided: object,
    native: object,
) -> Decision:
    process = RecordedProcess(as_number(pid), as_text(exe), as_tuple(argv, as_text))
    try:
        known = Effect(as_text(effect))
    except ValueError:
        raise InvalidRecord("an unknown effect") from None
    by = optional(read_decider)(decider)
    return Decision(
        as_number(time),
        read_request(request, process),
        known,
        as_number(errno),
        by.origin if isinstance(by, Rule) else by,
        None if decided is None else read_request(decided, process),
        as_flag(native),
        by if isinstance(by, Rule) else None,
    )


def _read_unresolved(time: object, host: object, why: object) -> Unresolved:
    return Unresolved(as_number(time), as_text(host), as_text(why))


def _read_exchange(
    time: object,
    service: object,
    method: object,
    path: object,
    status: object,
    sent: object,
    received: object,
    reason: object,
) -> Exchange:
    return Exchange(
        as_number(time),
        as_text(service),
        as_text(method),
        as_text(path),
        as_number(status),
        as_number(sent),
        as_number(received),
        as_text(reason),
    )


def _read_summed(time: object, kind: object, count: object) -> Summed:
    return Summed(as_number(time), as_text(kind), as_number(count))


def _read_end(time: object, count: object) -> End:
    return End(as_number(time), as_number(count))


_READERS: Mapping[str, tuple[int, Callable[..., Record]]] = {
    "start": (5, _read_start),
    "program": (3, _read_program),
    "exit": (2, _read_exit),
    "limit": (3, _read_limited),
    "decision": (10, _read_decision),
    "unresolved": (3, _read_unresolved),
    "exchange": (8, _read_exchange),
    "answered": (11, read_answered),
    "changed": (5, read_changed),
    "summed": (3, _read_summed),
    "end": (2, _read_end),
}


def read_all(data: object) -> tuple[Record, ...]:
    """What one record says: an answer is before the decision made by it. Raises InvalidRecord."""
    name, *values = as_list(data) or [""]
    if name != "asked":
        return (read(data),)
    # Only who reads an audit needs the words of an answer.
    from nono.broker.audit.asked_records import answered_by, read_said

    *rest, said = values or [None]
    decision = read(["decision", *rest])
    assert isinstance(decision, Decision)
    answer = answered_by(read_said(said), decision.time, decision.request, decision.origin)
    return answer, decision


def read(data: object) -> Record:
    """The record that `plain` has made plain. Raises InvalidRecord."""
    name, *values = as_list(data) or [""]
    length, reader = _READERS.get(as_text(name), (-1, _read_end))
    if len(values) != length:
        raise InvalidRecord("an unknown kind of record")
    return reader(*values)
