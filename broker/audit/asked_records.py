"""A decision by what a function said, in one record with what it said.

A function may be asked for each of thousands of opens, so it is written as fast as a refusal: what
the decision says of the question is not written again, and put into words when it is read.
"""

from __future__ import annotations

from nono.broker.audit.answer_records import Answered
from nono.broker.named_tuple import NamedTuple
from nono.broker.plain_values import as_flag, as_list, as_number, as_text
from nono.broker.requests import Open, RecordedProcess, Request
from nono.broker.rules.patterns import File
from nono.broker.rules.rule import Effect, Origin


class Said(NamedTuple):
    """What was said to a question about one open, which it allowed for once.

    `words` are those of the offer; `milliseconds` are from the question to the answer; `lists`
    says that the names in a directory are read.
    """

    channel: str
    person: str
    words: str
    milliseconds: int
    lists: bool

    def plain(self, decision: list[object]) -> list[object]:
        """A plain decision with this, by which it was made."""
        return ["asked", *decision[1:], [*self]]


def read_said(plain: object) -> Said:
    """Raises InvalidRecord."""
    channel, person, words, milliseconds, lists = as_list(plain, 5)
    said = as_text(channel), as_text(person), as_text(words), as_number(milliseconds)
    return Said(*said, as_flag(lists))


def answered_by(said: Said, time: int, request: Request, origin: Origin | None) -> Answered:
    """The record of the answer, as others have one of their own."""
    # Only who reads an audit needs the words.
    from nono.broker.asking.offers.entries import flags_of, list_flags
    from nono.broker.asking.script import script_of, who
    from nono.broker.explaining.explain import summary

    process, flags = request.process, tuple[str, ...]()
    if isinstance(request, Open):
        file = File(request.path)
        flags = list_flags(file.path) if said.lists else flags_of(file, request.access)
    known = RecordedProcess(process.pid, process.exe, process.argv)
    return Answered(
        time,
        f"{who(known, script_of(known))}: {summary(request)}",
        said.channel,
        said.person,
        Effect.ALLOW.value,
        "once",
        said.words,
        said.milliseconds,
        1,
        origin,
        flags,
    )
