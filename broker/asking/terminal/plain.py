"""A question as a list, for screen readers and where nothing may be drawn.

The answer is a line: the letter that it has in every question and everywhere, and `yes` to what
takes a second step. Anything else asks again; an empty line and the end of input refuse.
"""

from __future__ import annotations

from collections.abc import Sequence

from nono.broker.asking.question import MAX_OBJECTS, Question
from nono.broker.asking.subject import DETAILS
from nono.broker.asking.terminal.block import MAX_TEXT, risk, rule_words
from nono.broker.asking.terminal.keys import Choice, by_key
from nono.broker.visible import visible

PROMPT = "Letter, then Enter; Enter alone refuses: "
AGAIN = f"No such letter (capitals differ). {PROMPT}"
PASTED = "More than one line came at once: a paste answers nothing."
NEW = "This is a new question. The one before was withdrawn."
SECOND = 'Type "yes", then Enter; anything else goes back: '
YES = "yes"
_MAX_RULES = 5


def listed(question: Question, choosable: Sequence[Choice], run: str = "") -> list[str]:
    """The question and its answers, one a line."""
    process = question.program.process
    run = f" for run {visible(run, 20)}" if run else ""
    script = f" running {visible(question.program.script)}" if question.program.script else ""
    lines = [
        f"nono asks{run}.",
        f"Program: {visible(process.exe)}{script}, process {process.pid}.",
        f"It wants to {visible(question.wants)}: {visible(question.what, MAX_TEXT)}",
        *_objects(question),
        f"Because: {visible(question.why, 400)}.",
    ]
    for choice in choosable:
        offer = choice.offer
        reach = f" ({visible(offer.reach)})" if offer.reach else ""
        size = "Capital " if choice.key.isupper() else ""
        lines.append(f"{size}{choice.key}: {visible(offer.words)}{reach}")
    note = risk(question, choosable)
    return [*lines, *([f"{note[0].upper()}{note[1:]}."] if note else [])]


def _objects(question: Question) -> list[str]:
    if len(question.objects) < 2:
        return []
    shown = question.objects[:MAX_OBJECTS]
    lines = [
        f"{visible(wants, 40) if wants in DETAILS else f'To {visible(wants, 40)}'}:"
        f" {visible(place, MAX_TEXT)}"
        for wants, place in shown
    ]
    more = len(question.objects) - len(shown)
    lines += [f"And {more} more."] if more else []
    later = question.later
    return [*lines, *([f"{later} calls wait for another question."] if later else [])]


def confirmed(choice: Choice) -> list[str]:
    """What a broad answer does, before it is confirmed."""
    offer = choice.offer
    lines = [f"You chose: {visible(offer.words)}", f"It opens: {visible(offer.reach)}"]
    if offer.entry:
        lines.append(f"It writes: {visible(offer.entry, 1000)} into {visible(offer.file, 1000)}")
    else:
        lines += [f"Rule: {rule_words(each)}" for each in offer.rules[:_MAX_RULES]]
    return [line for line in lines if not line.endswith(": ")]


def chosen(line: str, choosable: Sequence[Choice]) -> Choice | None:
    """The answer whose letter is all of the line; None when it is none."""
    return by_key(tuple(choosable)).get(line.strip())


def takes_two_lines(choice: Choice) -> bool:
    """True for what a letter alone does not choose: it is broad, it lasts, or it is risky."""
    return choice.is_two_steps or choice.offer.is_risky
