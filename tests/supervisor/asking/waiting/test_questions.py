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
from nono.supervisor.asking.channel import QUIET, Callback, Channel, ChannelGone
from nono.supervisor.asking.dispatch import Dispatch
from nono.supervisor.asking.granting.live import Live
from nono.supervisor.asking.waiting.call import Again, Refused
from nono.supervisor.asking.waiting.limits import MAX_WAITING, Limits
from nono.supervisor.asking.waiting.look import RealLook
from nono.supervisor.asking.waiting.quiet import root_of
from nono.supervisor.decisions.undecided import Undecided
from nono.supervisor.errors import UsageError
from nono.supervisor.faults import Faults
from nono.supervisor.planning.options import Options
from nono.supervisor.report.asked import text
from tests.supervisor.asking.worlds import (
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
            (rule,) = call.outcome.once.rules if isinstance(call.outcome, Again) else ()
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
        assert isinstance(again.outcome, Again) and again.outcome.once.rules
        other = waits(asking, 2, "/data/b/f")
        await until(lambda: len(channel.open) == 1)
        asking.questions.leave(other)
        await until(lambda: not channel.open and not asking.questions.open)
        log = asking.questions.log
        assert (log.count, log.withdrawn) == (1, 1)
        (*_, line) = text(log.all(), withdrawn=log.withdrawn)
        assert line.startswith("nono: 1 question was withdrawn before an answer")
        assert "was interrupted, as by Control-Z" in line

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
        # A person says no to different things: whatever comes next is asked about.
        for left in range(MAX_WAITING - 1, MAX_WAITING - 4, -1):
            channel.say(channel.open[0], "n")
            await until(lambda left=left: len(channel.open) == left)  # type: ignore[misc]
        other = waits(asking, 1000, "/other/x/f")
        await until(lambda: len(channel.open) == left + 1)
        assert other.outcome is None and asking.questions.log.notes == []
        channel.say(channel.open[0], "Q")
        await until(lambda: not channel.open)
        assert all(call.outcome is not None for call in calls)
        verdict = asking.decisions.policy.decide(Open(Thread(1), "/new", Access.READ))
        assert isinstance(verdict, Ask)
        assert not asking.is_asked(Open(Thread(1), "/new", Access.READ), verdict)
        Live(asking, "/w").revoke(QUIET, "somebody")
        assert asking.is_asked(Open(Thread(1), "/new", Access.READ), verdict)

    within(asking, body)


def test_who_asks_again_and_again_is_quiet_and_the_last_no_says_so() -> None:
    channel = Scripted()
    asking = asking_with(channel)

    def no(question: Question) -> str:
        return next(each.words for each in question.offers if each.id == "n")

    async def body() -> None:
        words = []
        for each in range(3):
            waits(asking, each, f"/data/x/{each}/f")
            await until(lambda: len(channel.open) == 1)
            words.append(no(channel.open[0]))
            channel.say(channel.open[0], "n")
            await until(lambda: not channel.open)
        undo = f"nono revoke 7f3a {QUIET}"
        last = f"no, and for a minute nothing more of /data/x is asked (undo: {undo})"
        assert words == ["no", "no", last]
        assert waits(asking, 4, "/data/x/4/f").outcome == Refused()
        (note,) = asking.questions.log.notes
        assert "script.py" in note and "about /data/x" in note and "for a minute" in note
        # Another place, and another program at this one, are asked about.
        elsewhere = waits(asking, 5, "/data/y/0/f")
        request = Open(Thread(6, exe="/usr/bin/git"), "/data/x/5/f", Access.READ)
        with pytest.raises(Undecided) as found:
            asking.decisions.require(request)
        other = asking.questions.wait_for(request.process, found.value)
        await until(lambda: len(channel.open) == 2)
        assert elsewhere.outcome is None and other.outcome is None
        live = Live(asking, "/w")
        live.revoke(QUIET, "somebody")
        waits(asking, 7, "/data/x/6/g")
        await until(lambda: len(channel.open) == 3)
        with pytest.raises(UsageError):
            live.revoke(QUIET, "somebody")
        deeds = [each.what for each in asking.questions.log.all() if isinstance(each, Changed)]
        assert deeds == [("refusals without a question",)]

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

    def root(exe: str, path: str, script: str = "script.py") -> tuple[str, str]:
        program = Program(RecordedProcess(1, exe), script)
        return root_of(program, Subject(SubjectKind.DIRECTORY, path), "", PLACE.around)

    about = root("/usr/bin/python3", "/data/x/a")
    # Another script, or another directory beside it, is not another root; another program is, and
    # so is what lies beside it in the home.
    assert about == root("/usr/bin/python3", "/data/x/b", "other.py")
    other = root("/usr/bin/other", "/data/x/a")
    assert root("/usr/bin/python3", "/home/u/a") != root("/usr/bin/python3", "/home/u/b")
    assert not any(limits.note_refusal(about) for _ in range(2))
    assert limits.is_last(about) and not limits.is_last(other)
    now[0] = 11.0
    assert not limits.is_last(about)
    assert not limits.note_refusal(about) and not limits.is_quiet(about)
    now[0] = 12.0
    assert not limits.note_refusal(about)
    assert not limits.note_refusal(about, may_be_last=False)
    assert limits.note_refusal(about) and limits.is_quiet(about)
    assert not limits.is_quiet(other)
    now[0] = 73.0
    assert not limits.is_quiet(about)


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
    assert RealLook().reach(str(tmp_path / "absent")) == "0 files, 0 bytes"
    assert RealLook().is_directory(str(tmp_path))


def test_a_live_change_is_numbered_recorded_and_taken_back(tmp_path: Path) -> None:
    asking = asking_with(Scripted())
    live = Live(asking, "/w")
    request = Open(Thread(1), f"{tmp_path}/f", Access.READ)

    def is_open() -> bool:
        return isinstance(asking.decisions.verdict(request)[1], Allow)

    assert not is_open() and not live.reopen()
    number = trio.run(live.grant, Options(read=[str(tmp_path)]), "somebody")
    assert is_open() and live.status()["given"][0]["number"] == number
    with pytest.raises(UsageError):
        trio.run(live.grant, Options())
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
    whats = [each.what for each in asking.questions.log.all() if isinstance(each, Changed)]
    assert whats == [(f"allow read {tmp_path}",)] * 2
