"""What a person was asked in a run, and how to make an answer permanent."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from nono.broker import visible
from nono.broker.audit.answer_records import Answered, Changed
from nono.broker.settings import flag

_MAX_LINES = 8
_MAX_NOTES = 3
_MAX_LENGTH = 1000
_MAX_JSON = 8192


def text(
    records: Sequence[Answered | Changed],
    notes: Sequence[str] = (),
    refused: int = 0,
    withdrawn: int = 0,
) -> list[str]:
    """For people: about ten lines; none when nobody was asked.

    `refused` calls were refused without a question, since there were too many; `withdrawn`
    questions were asked, and needed no answer before there was one.
    """
    lines = [f"nono: {_shown(note)}" for note in notes[:_MAX_NOTES]]
    answers = [each for each in records if isinstance(each, Answered)]
    if answers:
        number = len(answers)
        lines.append(f"nono: asked {number} {'time' if number == 1 else 'times'}:")
        shown = answers if number <= _MAX_LINES else answers[: _MAX_LINES - 1]
        lines += [f"  {_line(each)}" for each in shown]
        if len(shown) < number:
            lines.append(f"  and {number - len(shown)} more (nono audit show lists them)")
    if withdrawn:
        what = "question was" if withdrawn == 1 else "questions were"
        lines.append(
            f"nono: {withdrawn} {what} withdrawn before an answer: the call that asked had"
            " ended or was interrupted, as by Control-Z, or another answer covered it"
        )
    if refused:
        lines.append(
            f"nono: {refused} {'call was' if refused == 1 else 'calls were'} refused without a"
            " question: there were too many, or three refusals came just before"
        )
    return lines


_NOBODY_WATCHES = "nobody watched: start `nono watch` in another terminal"
_WHY_NOBODY = {
    "watch": _NOBODY_WATCHES,
    "notify": _NOBODY_WATCHES,
    "tmux": "nobody was attached to this tmux",
    "none": "nobody is to be",
}
_NO_STREAM = "none of its streams is the terminal"
_NO_TERMINAL = "it has no terminal of its own"


def nobody(channel: str, has_terminal: bool) -> list[str]:
    """Where a person could have been asked, and there was none; `channel` as it was named."""
    why = _WHY_NOBODY.get(channel)
    named = flag("ask") + (f"={channel}" if why else "")
    lacks = _NO_STREAM if has_terminal else _NO_TERMINAL
    why = why or f"{lacks}, and no `nono watch` was there"
    return [f"nono: nobody could be asked: {why} ({named})"]


def nobody_yet(is_named: bool, has_terminal: bool) -> str:
    """Said at the start, where nobody is there who could be asked: by a channel that was named, or
    on this terminal, which it has or not."""
    why = _NO_STREAM if has_terminal else f"{_NO_TERMINAL} (su -c, setsid, cron, ssh without -t)"
    what = "nobody can be asked yet" if is_named else f"nobody can be asked here: {why}"
    return f"{what}; until `nono watch` runs in a terminal, what would be asked is refused"


def as_json(records: Sequence[Answered | Changed]) -> list[dict[str, object]]:
    """The answers, for the report as JSON."""
    return [answer_fields(each) for each in records if isinstance(each, Answered)]


def _line(each: Answered) -> str:
    hint = f"  hint: {shlex.join(each.flags)}" if each.flags else ""
    return f"{_shown(each.question)}: {_answer(each)}{hint}"


def _answer(each: Answered) -> str:
    if not each.effect:
        return "nobody answered, and it was refused"
    verb = "allowed" if each.effect == "allow" else "refused"
    return f"{verb}: {_shown(each.words)}"


def answer_words(each: Answered) -> str:
    """A record for people, as `nono audit show` has it."""
    who = f" {_shown(each.person)}" if each.person else ""
    by = f"{_shown(each.channel) or 'nobody'}{who}, {each.milliseconds} ms"
    calls = f", {each.calls} calls" if each.calls > 1 else ""
    rule = f" [{_shown(str(each.origin))}]" if each.origin is not None else ""
    return f"asked: {_shown(each.question)}: {_answer(each)} ({by}{calls}){rule}"


def answer_fields(each: Answered) -> dict[str, object]:
    """A record for programs."""
    return {
        "question": visible(each.question, limit=_MAX_JSON),
        "channel": visible(each.channel),
        "person": visible(each.person),
        "effect": each.effect,
        "lasts": each.lasts,
        "answer": visible(each.words, limit=_MAX_JSON),
        "milliseconds": each.milliseconds,
        "calls": each.calls,
        "rule": None if each.origin is None else visible(str(each.origin)),
        "flags": list(each.flags),
    }


def _shown(text: str) -> str:
    return visible(text, limit=_MAX_LENGTH)
