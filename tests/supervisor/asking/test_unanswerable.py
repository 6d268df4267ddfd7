"""What never becomes a question, because an answer would open more than it says."""

from __future__ import annotations

import trio

from nono.broker import (
    Access,
    Ask,
    ConnectHost,
    Deny,
    Effect,
    Operation,
    Origin,
    OriginKind,
    PathChange,
    Request,
    Rule,
    Subtree,
)
from nono.broker.rules.rule import Anything
from nono.supervisor.asking.waiting.call import Refused, WaitingCall
from nono.supervisor.planning.projects.start_files import ORIGIN
from tests.supervisor.asking.worlds import (
    Scripted,
    Thread,
    asking_with,
    until,
    waits,
    within,
)

DEFAULT = Origin(OriginKind.DEFAULT, "default")


def test_a_call_that_joins_while_others_are_looked_at_is_looked_at_as_well() -> None:
    channel = Scripted()
    asking = asking_with(channel)
    late: list[WaitingCall] = []

    class Later:
        def protections(self, calls: list[tuple[Request, ...]]) -> list[Deny | None]:
            if not late:
                trio.from_thread.run_sync(lambda: late.append(waits(asking, 2, "/data/a/hook")))
            rule = Rule(Subtree("/data/a/hook"), Access.READ, Effect.DENY, ORIGIN, protected=True)
            return [
                Deny(rule, 1) if any("hook" in str(each) for each in requests) else None
                for requests in calls
            ]

    asking._later = Later  # type: ignore[assignment]

    async def body() -> None:
        waits(asking, 1, "/data/a/f")
        await until(lambda: len(channel.open) == 1)
        assert channel.open[0].waiting == 1
        assert isinstance(late[0].outcome, Refused) and late[0].outcome.why is not None

    within(asking, body)


def test_nobody_is_asked_about_where_a_cloud_gives_credentials() -> None:
    asking = asking_with(Scripted())
    for host, expected in (("metadata.google.internal", False), ("a.example", True)):
        request = ConnectHost(Thread(1), host, 80)
        verdict = Ask(Rule(Anything(), Access.CONNECT, Effect.ASK, DEFAULT))
        assert asking.is_asked(request, verdict) is expected


def test_nobody_is_asked_about_what_would_stay_open_after_once() -> None:
    asking = asking_with(Scripted())
    grant = Rule(Subtree("/open"), Access.READ, Effect.ALLOW, asking.questions.next_origin()[1])
    asking.decisions.extend([grant])

    def is_asked(operation: Operation, target: str | None) -> bool:
        change = PathChange(Thread(1), operation, "/data/a/f", target=target, directory=False)
        verdict = asking.decisions.policy.decide(change)
        assert isinstance(verdict, Ask)
        return asking.is_asked(change, verdict)

    assert is_asked(Operation.RENAME_FROM, "/data/a/g")
    assert not is_asked(Operation.RENAME_FROM, "/open/g")
    assert not is_asked(Operation.RENAME_FROM, None)
    assert not is_asked(Operation.LINK_FROM, "/data/a/g")
