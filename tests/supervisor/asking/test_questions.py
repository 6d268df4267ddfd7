"""Which calls are one question, how many may wait, and who is asked: without a sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
import trio.testing

from nono.broker import (
    Access,
    Allow,
    Answer,
    Ask,
    Deny,
    Effect,
    File,
    Open,
    Policy,
    Question,
    Rule,
    Subtree,
)
from nono.broker.asking.history import History
from nono.broker.asking.question import Program, Subject, SubjectKind
from nono.broker.asking.questions import question
from nono.broker.asking.surroundings import Asked
from nono.broker.audit.answer_records import Changed
from nono.broker.requests import RecordedProcess
from nono.supervisor.asking.channel import Callback, Channel, ChannelGone
from nono.supervisor.asking.dispatch import Dispatch
from nono.supervisor.asking.limits import MAX_WAITING, Limits, roots_of
from nono.supervisor.asking.live import Live
from nono.supervisor.asking.look import RealLook
from nono.supervisor.asking.waiting_call import Again, Refused
from nono.supervisor.errors import UsageError
from nono.supervisor.faults import Faults
from nono.supervisor.planning.options import Options
from tests.supervisor.asking.waiting import (
    PLACE,
    Scripted,
    Thread,
    asking_with,
    until,
    waits,
    within,
)


def test_calls_with_one_subject_are_one_question_and_others_their_own() -> None:
    channel = Scripted()
    asking = asking_with(channel)

    async def body() -> None:
        calls = [waits(asking, tid, f"/data/{tid % 2}/f{tid}") for tid in range(8)]
        # Two directories beside each other that came together are one question.
        await until(lambda: len(channel.open) == 1)
        (question,) = channel.open
        assert question.subject.value == "/data" and question.waiting == 8
        late = waits(asking, 99, "/data/0/late")
        other = waits(asking, 100, "/elsewhere/f")
        await until(lambda: len(channel.open) == 3)
        assert {each.subject.value for each in channel.open} == {
            "/data",
            "/data/0/late",
            "/elsewhere/f",
        }
        paths = {f"/data/{tid % 2}/f{tid}": call for tid, call in enumerate(calls)}
        assert len({*question.objects}) == 6 and {*question.objects} < {("read", p) for p in paths}
        assert question.later == 2 and question.offers[0].words == "these 6, once"
        channel.say(question, "o")
        for _, path in question.objects:
            call = paths[path]
            await call.done.wait()
            (rule,) = call.outcome.once if isinstance(call.outcome, Again) else ()
            assert rule.pattern == File(path)
        # What was not shown is asked about afterwards.
        hidden = [call for path, call in paths.items() if ("read", path) not in question.objects]
        assert len(hidden) == 2 and not any(call.done.is_set() for call in hidden)
        assert not late.done.is_set() and not other.done.is_set()
        asking.decisions.extend(
            [Rule(Subtree("/"), Access.READ, Effect.ALLOW, asking.questions.next_origin()[1])]
        )
        asking.questions.decide_again()
        assert all(call.outcome == Again() for call in (late, other, *hidden))
        await until(lambda: not channel.open)  # what is covered is withdrawn

    within(asking, body)


def test_an_answer_for_the_run_lets_go_what_it_covers() -> None:
    channel = Scripted()
    asking = asking_with(channel)

    async def body() -> None:
        first = waits(asking, 1, "/data/a/f")
        await until(lambda: len(channel.open) == 1)
        second = waits(asking, 2, "/data/a/g")
        (question,) = channel.open
        channel.say(question, "d")
        await first.done.wait()
        await second.done.wait()
        assert first.outcome == second.outcome == Again()
        (rule,) = asking.decisions.policy.answers
        assert str(rule.origin).startswith("answer 1, ")

    within(asking, body)


def test_who_leaves_withdraws_and_who_comes_back_is_not_asked_again() -> None:
    channel = Scripted()
    asking = asking_with(channel)

    async def body() -> None:
        call = waits(asking, 1, "/data/a/f")
        await until(lambda: len(channel.open) == 1)
        (question,) = channel.open
        asking.questions.leave(call, comes_back=True)
        back = waits(asking, 1, "/data/a/f")
        assert back is call and channel.open == [question]
        asking.questions.leave(call, comes_back=True)
        channel.say(question, "o")
        await call.done.wait()
        again = waits(asking, 1, "/data/a/f")
        assert isinstance(again.outcome, Again) and again.outcome.once
        other = waits(asking, 2, "/data/b/f")
        await until(lambda: len(channel.open) == 1)
        asking.questions.leave(other)
        await until(lambda: not channel.open and not asking.questions.open)

    within(asking, body)


def test_a_flood_is_refused_and_counted() -> None:
    channel = Scripted()
    asking = asking_with(channel)

    async def body() -> None:
        calls = [waits(asking, tid, f"/data/{tid}/x/f") for tid in range(MAX_WAITING + 5)]
        refused = [call for call in calls if call.outcome is not None]
        assert [call.outcome for call in refused] == [Refused()] * 5
        assert asking.questions.limits.refused == 5
        await until(lambda: len(channel.open) == MAX_WAITING)
        for left in range(MAX_WAITING - 1, MAX_WAITING - 4, -1):
            channel.say(channel.open[0], "n")
            await until(lambda left=left: len(channel.open) == left)  # type: ignore[misc]
        quiet = waits(asking, 1000, "/quiet/f")
        assert quiet.outcome == Refused()
        (note,) = asking.questions.log.notes
        assert "script.py" in note and "for a minute" in note
        channel.say(channel.open[0], "Q")
        await until(lambda: not channel.open)
        assert all(call.outcome is not None for call in calls)
        verdict = asking.decisions.policy.decide(Open(Thread(1), "/new", Access.READ))
        assert isinstance(verdict, Ask)
        assert not asking.is_asked(Open(Thread(1), "/new", Access.READ), verdict)

    within(asking, body)


def test_a_channel_that_is_gone_hands_on_and_the_last_refuses() -> None:
    class Gone(Channel):
        name = "gone"
        attached = True

        @property
        def is_attached(self) -> bool:
            return self.attached

        async def ask(self, question: Question) -> Answer | None:
            raise ChannelGone

    async def answers(question: Question) -> Answer | None:
        return Answer("r", "callback")

    async def main() -> None:
        gone = Gone()
        dispatch = Dispatch([gone, Callback(answers)], Faults())
        question = _question()
        answer, channel = await dispatch.ask(question)
        assert answer is not None and channel is not None and channel.name == "callback"
        assert await Dispatch([gone], Faults()).ask(question) == (None, None)
        gone.attached = False
        assert Dispatch([gone], Faults()).attached is None
        assert dispatch.attached is not None and dispatch.attached.name == "callback"

    trio.run(main)


def _question() -> Question:
    asks = Policy(default=Effect.ASK).decide(Open(Thread(1), "/x/f", Access.READ))
    assert isinstance(asks, Ask)
    request = Open(Thread(1), "/x/f", Access.READ)
    about = Asked(1, ((request, asks),), Program(RecordedProcess(1)))
    return question(Policy(default=Effect.ASK), about, PLACE, History())


def test_quiet_lasts_a_minute_and_comes_by_three_refusals_within_ten_seconds() -> None:
    now = [0.0]
    limits = Limits(lambda: now[0])
    root, about = roots_of(
        Program(RecordedProcess(1, "/usr/bin/python3"), "script.py"),
        Subject(SubjectKind.DIRECTORY, "/data/a"),
    )
    # Another script, or another file there, is not another root; nor is a copy of the program.
    assert (root, about) == roots_of(
        Program(RecordedProcess(2, "/usr/bin/python3"), "other.py"),
        Subject(SubjectKind.DIRECTORY, "/data/b"),
    )
    assert not any(limits.note_refusal(root) for _ in range(2))
    now[0] = 11.0
    assert not limits.note_refusal(root) and not limits.is_quiet(root)
    now[0] = 12.0
    assert not limits.note_refusal(root)
    assert limits.note_refusal(root) and limits.is_quiet(root)
    assert not limits.is_quiet(("program", "/usr/bin/other"), about)
    assert limits.is_quiet(about, root)
    now[0] = 73.0
    assert not limits.is_quiet(root)


def test_a_person_is_asked_only_where_somebody_is() -> None:
    asking = asking_with()
    request = Open(Thread(1), "/x/f", Access.READ)
    with pytest.raises(PermissionError):
        asking.decisions.require(request)
    (denial,) = asking.decisions.denials.all()
    assert isinstance(denial.verdict, Ask)


def test_how_much_a_directory_holds(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / str(number)).write_text("x" * 500)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "out").symlink_to("/etc")
    (tmp_path / "sub" / "in").symlink_to(tmp_path / "0")
    assert RealLook().reach(str(tmp_path)) == "5 files, 1.5 kB, 1 is a link out"
    assert RealLook().reach("/nonexistent") == "0 files, 0 bytes"
    assert RealLook().is_directory(str(tmp_path))


def test_a_live_change_is_numbered_recorded_and_taken_back(tmp_path: Path) -> None:
    asking = asking_with(Scripted())
    live = Live(asking, "/w")
    request = Open(Thread(1), f"{tmp_path}/f", Access.READ)

    def is_open() -> bool:
        return isinstance(asking.decisions.verdict(request)[1], Allow)

    assert not is_open() and not live.reopen()
    number = live.grant(Options(read=[str(tmp_path)]), "somebody")
    assert is_open() and live.status()["given"][0]["number"] == number
    with pytest.raises(UsageError):
        live.grant(Options())
    with pytest.raises(UsageError):
        live.revoke("99")
    live.revoke(number)
    assert not is_open() and live.status()["given"] == []
    no = Rule(Subtree(str(tmp_path)), Access.READ, Effect.DENY, asking.questions.next_origin()[1])
    asking.decisions.extend([no])
    assert isinstance(asking.decisions.verdict(request)[1], Deny)
    assert live.reopen()
    assert isinstance(asking.decisions.verdict(request)[1], Ask)
    deeds = [each.deed for each in asking.questions.log.all() if isinstance(each, Changed)]
    assert deeds == ["granted", "revoked"]
