"""A question as lines for a screen: the block, its second step, its details, the line after it.

Nothing that the program says is part of a sentence, and everything is made visible. A line is
always shorter than the width, so that no terminal wraps it; a long path loses its middle and keeps
both ends, with its directory and its name on lines of their own.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator, Sequence

from nono.broker.asking.question import MAX_OBJECTS, Lasts, Question, SubjectKind
from nono.broker.asking.terminal.columns import cut, padded, width, wrapped
from nono.broker.asking.terminal.keys import DETAILS, Choice, is_capital_for_risk
from nono.broker.dataclass import dataclass
from nono.broker.explaining.access_words import names
from nono.broker.rules.paths import is_within
from nono.broker.rules.patterns import Subtree
from nono.broker.rules.rule import Effect, Rule
from nono.broker.visible import visible

NARROW = 60
"""Below so many columns the block is only a few lines."""
_BLANKS = re.compile("(?<= ) ")
MAX_TEXT = 4096
"""Who wants more than so many characters shown gets a refusal: something hides there."""

NEW = "a new question"
"""What is said of one that comes in the place of another."""

_LABEL = 16
_MAX_LINES = 3
_WHOLE = MAX_TEXT
"""So many lines hold every text that is shown."""
_MAX_ESCAPE = 12
_MAX_REFUSAL = 30
MAX_RULES = 200
"""Of an answer that takes a second step, all of which are on its pages."""
_PATHS = (SubjectKind.FILE, SubjectKind.DIRECTORY, SubjectKind.SOCKET)
_RULE = "─"
_NO = (Effect.DENY, Lasts.ONCE)
_OUTSIDE = "it would change what is not the project's"
_RISKS = {
    SubjectKind.FILE: _OUTSIDE,
    SubjectKind.DIRECTORY: _OUTSIDE,
    SubjectKind.SOCKET: "whatever listens there works outside of the sandbox",
}
_UNKNOWN_HOST = "no list of known hosts has it"


def name_of(text: str) -> str:
    """A name that moves no words onto a line of their own: blanks in a row are escapes."""
    return _BLANKS.sub(r"\\x20", visible(text, MAX_TEXT))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is shown around a question: the run's name, its place among those that wait, the
    width of the screen in columns, the home that is shown as `~`, and whether it comes in the place
    of a question that was withdrawn."""

    columns: int
    run: str = ""
    number: int = 1
    of: int = 1
    home: str = ""
    is_new: bool = False

    def path(self, path: str) -> str:
        """A path of the question as it is shown."""
        if self.home not in ("", "/") and is_within(path, self.home):
            path = "~" + path[len(self.home) :]
        return name_of(path)


def subject_words(question: Question, home: str) -> str:
    """What it is about, in short."""
    return what_words(question, Surroundings(0, home=home))


def is_too_long(question: Question) -> bool:
    """True when what it is about cannot be shown as a whole."""
    texts = (question.subject.value, *(path for _, path in question.objects))
    return any(
        len(text) > MAX_TEXT or len(visible(text, MAX_TEXT * _MAX_ESCAPE)) > MAX_TEXT
        for text in texts
    )


def block(question: Question, choosable: Sequence[Choice], around: Surroundings) -> list[str]:
    """The question with its answers, as lines without their ends."""
    if around.columns < NARROW:
        return brief(question, choosable, around)
    columns = around.columns - 1
    note = risk(question, choosable)
    return [
        _heading(around),
        *_body(question, around),
        *(_labelled("careful", note, columns, _indent(question)) if note else []),
        *_answers([*_entries(choosable), (DETAILS, "details")], columns),
        _RULE * columns,
    ]


def risk(question: Question, choosable: Sequence[Choice]) -> str:
    """Why allowing takes a capital letter here; empty where a small one does."""
    keys = [each.key for each in choosable if is_capital_for_risk(each)]
    if not keys:
        return ""
    why = _RISKS.get(question.subject.kind, _UNKNOWN_HOST)
    size = "are capital letters" if len(keys) > 1 else "is a capital letter"
    return f"{why}, so {', '.join(keys)} {size}"


def second_step(choice: Choice, around: Surroundings) -> list[str]:
    """What one offer does, in full, before Enter chooses it."""
    offer, columns = choice.offer, around.columns - 1
    rows = [("you chose", offer.words), ("it opens", offer.reach)]
    rows += [("it writes", offer.entry), ("into", offer.file)] if offer.entry else []
    rows += [] if offer.entry else [("rule", rule_words(each)) for each in offer.rules[:MAX_RULES]]
    more = 0 if offer.entry else len(offer.rules) - MAX_RULES
    rows += [("", f"and {more} more rules")] if more > 0 else []
    lines = [_heading(around)]
    for label, text in rows:
        lines += _labelled(label, visible(text, MAX_TEXT), columns, most=_WHOLE) if text else []
    keys = [("Enter", "yes, this"), ("Esc", "back to the question")]
    return [*lines, *_answers(keys, columns), _RULE * columns]


def details(question: Question, choosable: Sequence[Choice], around: Surroundings) -> list[str]:
    """The question with all that is known of it; the same keys count."""
    columns = around.columns - 1
    program = question.program
    rows = [
        ("careful", risk(question, choosable)),
        ("program", program.process.exe),
        ("command", shlex.join(program.process.argv)),
        ("in", program.process.cwd),
        ("started by", ", ".join(program.parents)),
        ("asked by", str(question.rule.origin)),
        ("calls waiting", str(question.waiting)),
        ("asked before", "" if question.seen else "no"),
    ]
    lines, indent = [_heading(around), *_body(question, around)], _indent(question)
    for label, text in rows:
        lines += _labelled(label, visible(text, MAX_TEXT), columns, indent) if text else []
    for choice in choosable:
        offer = choice.offer
        more = [offer.words, offer.reach, offer.entry and f"{offer.entry} in {offer.file}"]
        words = visible("; ".join(filter(None, more)), MAX_TEXT)
        lines += _labelled(choice.key, words, columns, indent, _WHOLE)
    lines += _labelled(DETAILS, "back to the question", columns, indent)
    return [*lines, _RULE * columns]


def outcome(question: Question, choice: Choice | None, around: Surroundings) -> str:
    """What was asked and what was answered, in one line; None is a refusal."""
    said = no_words(question) if choice is None else choice.offer.words
    return f"{asked_words(question, around)}: {said}"


def asked_words(question: Question, around: Surroundings) -> str:
    """What was asked, in one line."""
    if len(question.objects) > 1:
        return ", ".join(_objects(question, around))
    return f"{visible(question.wants, 40)} {what_words(question, around)}"


def what_words(question: Question, around: Surroundings) -> str:
    """What it is about: a path, or a host or an address with the port."""
    is_path = question.subject.kind in _PATHS
    return around.path(question.what) if is_path else name_of(question.what)


def no_words(question: Question) -> str:
    """What is said where nobody chose an offer: that of who refuses this time."""
    once = ((each.effect, each.lasts, each.words) for each in question.offers)
    found = (words for effect, lasts, words in once if (effect, lasts) == _NO)
    return next(found, "no")


_MARKS = {True: "✓", False: "✗", None: "~"}


def settled(words: str, allowed: bool | None, columns: int) -> str:
    """The one line that stands where the block was; None for one that was withdrawn."""
    return cut(f"{_MARKS[allowed]} {visible(words, MAX_TEXT)}", columns - 1)


def rule_words(rule: Rule) -> str:
    """A rule as one line: effect, rights and what it speaks of."""
    pattern = rule.pattern
    everything = "/…" if isinstance(pattern, Subtree) else ""
    of = getattr(pattern, "path", None) or getattr(pattern, "host", None) or repr(pattern)
    rights = f" {names(rule.access)}" if rule.access else ""
    return visible(f"{rule.effect.value}{rights} {str(of).rstrip('/')}{everything}", MAX_TEXT)


def program_words(question: Question, columns: int) -> str:
    """Who asks: the script or the program, its process, and what started it."""
    program = question.program
    name = posixpath.basename(program.process.exe) or "a program"
    shown = [visible(name, 60), *([visible(program.script, 200)] if program.script else [])]
    started = ", started by " + visible(program.parents[0], 60) if program.parents else ""
    facts = f"  (pid {program.process.pid}{started})"
    return cut(" ".join(shown), columns - width(facts)) + facts


def _heading(around: Surroundings) -> str:
    columns = around.columns - 1
    facts = [f"run {visible(around.run, 20)}" if around.run else ""]
    facts += [f"{around.number} of {around.of}" if around.of > 1 else ""]
    asks = f"nono asks: {NEW}" if around.is_new else "nono asks"
    left, right = f"{_RULE * 2} {asks} ", " · ".join(filter(None, facts))
    right = f" {right} {_RULE * 2}" if right else ""
    if width(left) + width(right) > columns:
        right = ""
    return cut(left + _RULE * (columns - width(left) - width(right)) + right, columns)


def _body(question: Question, around: Surroundings) -> Iterator[str]:
    columns = around.columns - 1
    yield cut(f"  {program_words(question, columns - 2)}", columns)
    first, *others = _object(question, around)
    wants, indent = f"wants to {visible(question.wants, 40)}", _indent(question)
    yield from _labelled(wants, first, columns, indent, _WHOLE)
    for line in others:
        yield from _labelled("", line, columns, indent, _WHOLE)
    yield from _labelled("because", visible(question.why, 400), columns, indent)
    if question.waiting > 1 or question.seen:
        waiting = f"{question.waiting} calls wait" if question.waiting > 1 else ""
        waiting += f", {question.later} of them for another question" if question.later else ""
        said = "; ".join(filter(None, (waiting, _before(question))))
        yield from _labelled("", said, columns, indent)


def _indent(question: Question) -> int:
    """Of the texts beside the labels, which stand in one column."""
    return max(_LABEL, width(f"wants to {visible(question.wants, 40)}") + 2)


def _before(question: Question) -> str:
    """How often it was asked about before. Whatever lies in one directory counts for each other."""
    if not question.seen:
        return ""
    of = "this place" if question.subject.kind in _PATHS else "it"
    times = "once" if question.seen == 1 else f"{question.seen} times"
    return f"{of} was asked about {times} before in this run"


def _objects(question: Question, around: Surroundings) -> list[str]:
    """Each object with what is wanted of it; the first of them, and how many more."""
    shown = [
        f"{visible(wants, 40)} {around.path(place)}"
        for wants, place in question.objects[:MAX_OBJECTS]
    ]
    more = len(question.objects) - len(shown)
    return [*shown, f"and {more} more"] if more > 0 else shown


def _object(question: Question, around: Surroundings) -> list[str]:
    subject = question.subject
    if len(question.objects) > 1:
        return [f"{what_words(question, around)}:", *_objects(question, around)]
    if subject.kind not in _PATHS:
        return [what_words(question, around)]
    if subject.kind is SubjectKind.DIRECTORY:
        directory, name = subject.value, ""
        path = getattr(question.request, "path", "")
        if path.startswith(directory.rstrip("/") + "/"):
            name = path[len(directory.rstrip("/")) + 1 :]
    else:
        directory, name = posixpath.split(subject.value)
    shown = around.path(directory).rstrip("/") + "/"
    return [shown, name_of(name)] if name else [shown]


def _labelled(
    label: str, text: str, columns: int, indent: int = _LABEL, most: int = _MAX_LINES
) -> list[str]:
    if columns < NARROW - 1:
        lines = [f"    {each}" for each in wrapped(text, columns - 4, most)]
        return [f"  {cut(label, columns - 2)}", *lines] if label else lines
    lines = wrapped(text, columns - 2 - indent, most)
    first = f"  {padded(label, indent)}{lines[0]}"
    return [first, *(" " * (indent + 2) + each for each in lines[1:])]


def _entries(choosable: Sequence[Choice]) -> Iterator[tuple[str, str]]:
    return ((each.key, _words(each)) for each in choosable)


def _words(choice: Choice) -> str:
    offer = choice.offer
    reach = f" ({visible(offer.reach, 100)})" if offer.reach else ""
    return f"{visible(offer.words, MAX_TEXT)}{reach}{' …' if choice.is_two_steps else ''}"


def _answers(entries: Sequence[tuple[str, str]], columns: int) -> Iterator[str]:
    """Two beside each other where both fit, a long one on several lines."""
    shown = [f"{key}  {words}" for key, words in entries]
    half = (columns - 2) // 2
    while shown:
        left = shown.pop(0)
        if shown and width(left) < half - 1 and width(shown[0]) <= half:
            yield f"  {padded(left, half)}{shown.pop(0)}"
        else:
            first, *others = wrapped(left, columns - 5, _WHOLE)
            yield f"  {first}"
            yield from (f"     {line}" for line in others)


def brief(question: Question, choosable: Sequence[Choice], around: Surroundings) -> list[str]:
    """The same in few lines, for a narrow or a low screen."""
    columns = max(around.columns - 1, 1)
    name = posixpath.basename(question.program.process.exe)
    asks = f"nono asks: {NEW}:" if around.is_new else "nono asks:"
    who = f"{asks} {visible(name, 30)} wants to {visible(question.wants, 40)} "
    keys = [f"{each.key} {_brief(each)}" for each in choosable]
    what = what_words(question, around)
    several = _objects(question, around) if len(question.objects) > 1 else []
    return [
        *wrapped(who + what, columns, _WHOLE),
        *(line for each in several for line in wrapped(each, columns, _WHOLE)),
        *_joined([*keys, f"{DETAILS} details"], columns),
    ]


def _brief(choice: Choice) -> str:
    most = MAX_TEXT if choice.offer.effect is Effect.ALLOW else _MAX_REFUSAL
    words = visible(choice.offer.words, most)
    return f"{words}{'…' if choice.is_two_steps else ''}"


def _joined(parts: Sequence[str], columns: int) -> Iterator[str]:
    """As many beside each other as fit, two spaces between them."""
    line = ""
    for part in parts:
        both = f"{line}  {part}" if line else part
        if line and width(both) > columns:
            yield from wrapped(line, columns, _WHOLE)
            both = part
        line = both
    yield from wrapped(line, columns, _WHOLE)
