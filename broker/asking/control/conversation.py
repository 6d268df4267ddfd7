"""The control socket's conversation: what clients say and are told, without the socket.

Each client is a number; what happens to it comes in, and what is to be done goes out. A client
says hello, picks offers of ours by their ids and asks for a few things that a run can do. Nothing
else that it says has any effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from nono.broker.asking.control import json_rpc
from nono.broker.asking.control.channel_names import CONTROL_SOCKET
from nono.broker.asking.control.json_rpc import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    Call,
    ProtocolError,
)
from nono.broker.asking.control.plain_question import MAX_OFFERS, Plain, plain_question
from nono.broker.asking.question import Answer, Question
from nono.broker.errors import NonoError
from nono.broker.visible import visible

PROTOCOL = 1
CHANNEL = CONTROL_SOCKET

HELLO_FIRST = -32001
REFUSED = -32002
"""The run will not do this; the message says why."""
_MAX_NAME = 80
_FEW_OFFERS = 8


@dataclass(frozen=True, slots=True)
class Send:
    """A line for a client."""

    client: int
    line: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """Nothing more is said to a client, nor heard of it."""

    client: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """A question is answered."""

    question: int
    answer: Answer


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nobody is there any more who could answer."""

    question: int


@dataclass(frozen=True, slots=True)
class Work:
    """What takes a while. `perform` may block and is for a thread of its own; `finish` makes the
    reply of what it returned, where the run is served. Both may raise NonoError."""

    perform: Callable[[], Any]
    finish: Callable[[Any], Plain]


@dataclass(frozen=True, slots=True)
class Perform:
    """Work for a client's call: `Control.performed` is told what came of it."""

    client: int
    call: Call
    work: Work


Action = Send | Close | Chosen | Unanswered | Perform


class Run(Protocol):
    """What a client may want of the run. Each method may raise NonoError, which it is told."""

    def status(self) -> Plain:
        """What it runs and how it stands."""

    def grant(self, rules: Plain, client: str) -> Plain | Work:
        """Allow something from now on: `rules` are a profile's sections."""

    def revoke(self, number: str, client: str) -> Plain:
        """Take back an answer, or what was granted, by its number."""

    def kill(self, client: str) -> Plain:
        """End every process of it."""


@dataclass(slots=True)
class _Client:
    name: str = ""
    greeted: bool = False
    answers: bool = False


class Control:
    """One for a run. Every method returns what is to be done, in order."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._clients: dict[int, _Client] = {}
        self._questions: dict[int, tuple[Question, bytes]] = {}
        self._answering: set[int] = set()

    @property
    def has_answerers(self) -> bool:
        """True when a client is there that said it would answer. From any thread."""
        return bool(self._answering)

    @property
    def answering(self) -> tuple[int, ...]:
        """Those clients, the first that came first. From any thread."""
        return tuple(sorted(tuple(self._answering)))

    def name_of(self, client: int) -> str:
        """What a client has called itself."""
        known = self._clients.get(client)
        return (known.name if known is not None else "") or "a client"

    def has_greeted(self, client: int) -> bool:
        """True once a client has said hello in a version that is spoken here."""
        return client in self._clients and self._clients[client].greeted

    def connected(self, client: int) -> None:
        """A client came."""
        self._clients[client] = _Client()

    def gone(self, client: int) -> list[Action]:
        """A client left; with the last that answers, its questions have nobody."""
        left = self._clients.pop(client, None)
        self._answering.discard(client)
        if left is None or not left.answers or self.has_answerers:
            return []
        return [Unanswered(id) for id in self._questions]

    def ask(self, question: Question) -> list[Action]:
        """Put a question to all, now and until it is settled; it takes one who answers."""
        line = question_line(question)
        if line is None:
            return [Unanswered(question.id)]
        self._questions[question.id] = question, line
        return list(self._to_all(line))

    def withdraw(self, question: int) -> list[Action]:
        """A question is over without a client's answer."""
        if self._questions.pop(question, None) is None:
            return []
        line = json_rpc.notification("withdrawn", {"id": question})
        return list(self._to_all(line))

    def tell(self, method: str, params: Mapping[str, Any]) -> list[Action]:
        """Tell all that have said hello."""
        return list(self._to_all(json_rpc.notification(method, params)))

    def received(self, client: int, line: bytes) -> list[Action]:
        """A line of a client."""
        try:
            message = json_rpc.parse(line)
            if not isinstance(message, Call):
                return []  # nobody was asked anything that is replied to
            return list(self._answer(client, message))
        except ProtocolError as error:
            return [Send(client, json_rpc.failure(error))]

    def too_long(self, client: int) -> list[Action]:
        """A client sends a line that is not read to its end."""
        why = f"a line of more than {json_rpc.MAX_LINE} bytes"
        line = json_rpc.failure(ProtocolError(json_rpc.PARSE_ERROR, why))
        return [Send(client, line), Close(client)]

    def _answer(self, client: int, call: Call) -> Iterator[Action]:
        sender, method = self._clients[client], _METHODS.get(call.method)
        if method is None:
            raise ProtocolError(METHOD_NOT_FOUND, "there is no such method", call.id)
        if not sender.greeted and call.method != "hello":
            raise ProtocolError(HELLO_FIRST, "say hello first", call.id)
        try:
            value, after = method(self, client, _checked(call))
        except NonoError as error:
            raise _refused(error, call) from error
        if isinstance(value, Work):
            yield Perform(client, call, value)
        elif call.wants_reply:
            yield Send(client, _replied(call, value))
        yield from after

    def performed(self, action: Perform, outcome: Plain | NonoError) -> list[Action]:
        """What came of work: its reply, or the error that it ended by."""
        call = action.call
        try:
            if isinstance(outcome, NonoError):
                raise _refused(outcome, call)
            line = _replied(call, outcome)
        except ProtocolError as error:
            line = json_rpc.failure(error)
        return [Send(action.client, line)] if call.wants_reply else []

    def _hello(self, client: int, call: Call) -> tuple[Plain, list[Action]]:
        if self._clients[client].greeted:
            raise ProtocolError(INVALID_REQUEST, "hello was said already", call.id)
        if call.params.get("protocol") != PROTOCOL:
            why = f"this is protocol {PROTOCOL}"
            raise ProtocolError(INVALID_PARAMS, why, call.id)
        name, answers = call.params.get("client", ""), call.params.get("answers", False)
        if not isinstance(name, str) or not isinstance(answers, bool):
            raise ProtocolError(INVALID_PARAMS, "a client's name is a text", call.id)
        told = _Client(visible(name, _MAX_NAME), True, answers)
        self._clients[client] = told
        (self._answering.add if answers else self._answering.discard)(client)
        waiting = [line for _, line in self._questions.values()]
        return {"protocol": PROTOCOL, **self._whole_status()}, [
            Send(client, line) for line in waiting
        ]

    def _choose(self, client: int, call: Call) -> tuple[Plain, list[Action]]:
        sender, (id, chosen) = (
            self._clients[client],
            (call.params["question"], call.params["offer"]),
        )
        if not sender.answers:
            raise ProtocolError(INVALID_PARAMS, "hello said that it does not answer", call.id)
        known = self._questions.get(id) if type(id) is int else None
        if known is None:
            raise ProtocolError(INVALID_PARAMS, "there is no such question any more", call.id)
        offers = {offer.id: offer for offer in known[0].offers[:MAX_OFFERS]}
        offer = offers.get(chosen) if isinstance(chosen, str) else None
        if offer is None:
            raise ProtocolError(INVALID_PARAMS, "the question has no such offer", call.id)
        del self._questions[id]
        told = {"id": id, "offer": offer.id, "words": visible(offer.words), "client": sender.name}
        line = json_rpc.notification("settled", told)
        others = [each for each in self._to_all(line) if each.client != client]
        answer = Answer(offer.id, CHANNEL, sender.name)
        return {"settled": [id]}, [*others, Chosen(id, answer)]

    def _status(self, client: int, call: Call) -> tuple[Plain, list[Action]]:
        return self._whole_status(), []

    def _whole_status(self) -> Plain:
        """The run's, and who is here."""
        here = [each for each in self._clients.values() if each.greeted]
        clients = [{"name": each.name, "answers": each.answers} for each in here]
        return {**self._run.status(), "clients": clients}

    def _grant(self, client: int, call: Call) -> tuple[Plain | Work, list[Action]]:
        rules = call.params["rules"]
        if not isinstance(rules, dict):
            raise ProtocolError(INVALID_PARAMS, "rules are sections of a profile", call.id)
        return self._run.grant(rules, self._clients[client].name), []

    def _revoke(self, client: int, call: Call) -> tuple[Plain, list[Action]]:
        number = call.params["number"]
        if not isinstance(number, str):
            raise ProtocolError(INVALID_PARAMS, "a number is a text, as it was told", call.id)
        return self._run.revoke(number, self._clients[client].name), []

    def _kill(self, client: int, call: Call) -> tuple[Plain, list[Action]]:
        return self._run.kill(self._clients[client].name), []

    def _to_all(self, line: bytes) -> Iterator[Send]:
        return (Send(id, line) for id, each in self._clients.items() if each.greeted)


def _refused(error: NonoError, call: Call) -> ProtocolError:
    message, hint = visible(error.message, 1000), visible(error.hint, 1000)
    return ProtocolError(REFUSED, message, call.id, hint)


def _replied(call: Call, value: Plain) -> bytes:
    """The line of a reply. Raises ProtocolError for one that is too long."""
    line = json_rpc.result(call.id, value)
    if len(line) > json_rpc.MAX_LINE:
        raise ProtocolError(INTERNAL_ERROR, "the answer is too long", call.id)
    return line


_Method = Callable[[Control, int, Call], tuple[Plain | Work, list[Action]]]
_METHODS: Mapping[str, _Method] = {
    "hello": Control._hello,
    "answer": Control._choose,
    "status": Control._status,
    "grant": Control._grant,
    "revoke": Control._revoke,
    "kill": Control._kill,
}
_PARAMS = {
    "hello": frozenset({"protocol", "client", "answers"}),
    "answer": frozenset({"question", "offer"}),
    "grant": frozenset({"rules"}),
    "revoke": frozenset({"number"}),
}
_OPTIONAL = frozenset({"client", "answers"})


def _checked(call: Call) -> Call:
    """The call, where its params are all that it has to have and nothing else."""
    known = _PARAMS.get(call.method, frozenset[str]())
    if known - _OPTIONAL <= call.params.keys() <= known:
        return call
    names = ", ".join(sorted(known)) or "none"
    raise ProtocolError(INVALID_PARAMS, f"the params of {call.method} are: {names}", call.id)


def question_line(question: Question) -> bytes | None:
    """The line that puts a question; None where it does not fit one, whatever is left out."""
    for full, most in ((True, MAX_OFFERS), (False, MAX_OFFERS), (False, _FEW_OFFERS)):
        line = json_rpc.notification("question", plain_question(question, full, most))
        if len(line) <= json_rpc.MAX_LINE:
            return line
    return None
