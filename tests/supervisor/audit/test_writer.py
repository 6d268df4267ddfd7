"""An audit that is written and read again, and replayed, with no sandbox beside it."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from click.testing import CliRunner

from nono.broker import Access, Effect, Environment, Open, Policy
from nono.broker.audit.records import Decision, End, Exit, Start, Summed, Unresolved
from nono.broker.requests import RecordedProcess
from nono.supervisor.audit.last_run import exchanges
from nono.supervisor.audit.reader import Session
from nono.supervisor.audit.replay import replay
from nono.supervisor.audit.sessions import find_session
from nono.supervisor.audit.writer import AuditOptions, open_audit
from nono.supervisor.cli.commands import nono
from nono.supervisor.credentials.usage import Usage, usage_of
from nono.supervisor.decisions.always import complete
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options
from nono.supervisor.planning.plan import Plan

ME = RecordedProcess(7, "/usr/bin/python3", ("python3", "script.py"))
TMPDIR = "/tmp/nono-none"


@pytest.fixture
def state(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)}


def recorded(plan: Plan, paths: list[str], state: dict[str, str]) -> Session:
    """The session of a run in which these paths were asked for."""
    audit = open_audit(AuditOptions(required=True, env=state))
    made = complete(plan, tmpdir=TMPDIR, env=state)
    audit.start(made.policy, TMPDIR)
    decisions = made.decisions(audit)
    for path in paths:
        with contextlib.suppress(PermissionError):
            decisions.require(Open(ME, path, Access.READ))
    decisions.note_unresolved("gone.example", "there is no such host")
    audit.exit(0)
    audit.close()
    return Session(find_session(state, "last"))


def test_what_is_written_is_read_and_intact(state: dict[str, str], tmp_path: Path) -> None:
    plan = Plan(Policy(), Environment(), "/")
    session = recorded(plan, [f"{tmp_path}/file"], state)
    assert session.verify().is_intact
    assert session.summary().state == "ended"
    start, decision, unresolved, exited, end = [record for _, record in session.records()]
    assert (
        isinstance(start, Start) and start.policy == complete(plan, tmpdir=TMPDIR, env=state).policy
    )
    assert isinstance(decision, Decision)
    assert (decision.effect, decision.request) == (
        Effect.DENY,
        Open(ME, f"{tmp_path}/file", Access.READ),
    )
    assert isinstance(unresolved, Unresolved) and unresolved.host == "gone.example"
    assert isinstance(exited, Exit) and exited.status == 0
    assert isinstance(end, End) and end.count == 4


def test_a_replay_says_what_breaks_and_what_opens(state: dict[str, str], tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("")
    first, second = (
        make_plan(Options(read=[str(tmp_path / name)], workdir=str(tmp_path)))
        for name in ("one", "two")
    )
    paths = [f"{tmp_path}/one/file", f"{tmp_path}/two/file", f"{TMPDIR}/own"]
    session = recorded(first, paths, state)
    assert replay(session, first).is_same
    changed = replay(session, second)
    assert [each.request for each in changed.breaks.all()] == [Open(ME, paths[0], Access.READ)]
    assert [each.request for each in changed.opened.values()] == [Open(ME, paths[1], Access.READ)]


@pytest.mark.long
def test_a_flood_is_summed_and_the_chain_intact(state: dict[str, str], tmp_path: Path) -> None:
    audit = open_audit(AuditOptions(env=state))
    made = complete(Plan(Policy(), Environment(), "/"), tmpdir=TMPDIR, env=state)
    audit.start(made.policy, TMPDIR)
    decisions = made.decisions(audit)
    for _ in range(20_000):
        with contextlib.suppress(PermissionError):
            decisions.require(Open(ME, f"{tmp_path}/file", Access.READ))
    audit.close()
    session = Session(find_session(state, "last"))
    assert session.verify().is_intact
    records = [record for _, record in session.records()]
    summed = sum(record.count for record in records if isinstance(record, Summed))
    written = sum(isinstance(record, Decision) for record in records)
    assert summed + written == 20_000
    assert summed


def test_what_services_were_asked_for_is_told_again(
    state: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With why nono refused a request, which no rule of paths or hosts tells."""
    audit = open_audit(AuditOptions(env=state))
    audit.start(Policy(), TMPDIR)
    usage = Usage(audit)
    usage.note("openai", "POST", "/v1/chat", 200, 10, 2_000)
    usage.note("openai", "DELETE", "/v1/files/1", 403, reason="DELETE is not admitted")
    audit.close()
    again = usage_of(exchanges(Session(find_session(state, "last"))))
    assert (again.counts, again.reasons) == (usage.counts, usage.reasons)
    for name, value in state.items():
        monkeypatch.setenv(name, value)
    told = CliRunner().invoke(nono, ["why", "--last"]).output
    assert "openai: 2 requests (200: 1, 403: 1)" in told and "DELETE is not admitted" in told
