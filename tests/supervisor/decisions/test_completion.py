"""One completion: why, dry-run, learn and replay go by the very policy that a run goes by."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from nono.broker import (
    Access,
    Allow,
    Connect,
    ConnectHost,
    Execute,
    Open,
    Operation,
    PathChange,
    PolicyError,
    Request,
    explain,
)
from nono.broker.credentials.services import PROXY_ORIGIN
from nono.broker.requests import RecordedProcess
from nono.supervisor.audit.reader import Session
from nono.supervisor.audit.replay import replay
from nono.supervisor.audit.sessions import find_session
from nono.supervisor.audit.writer import AuditOptions
from nono.supervisor.cli.run import run
from nono.supervisor.cli.why import why
from nono.supervisor.decisions import kernel_mounts
from nono.supervisor.decisions.always import complete
from nono.supervisor.decisions.complete import Complete
from nono.supervisor.errors import UsageError
from nono.supervisor.learning.observe import Learner, base_plan, learning_plan
from nono.supervisor.learning.profile import ProfileDraft
from nono.supervisor.places import tmpdir_template
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options
from nono.supervisor.planning.plan import Plan
from nono.supervisor.report.plan import describe
from nono.supervisor.report.surroundings import around
from nono.supervisor.session.prepare import Prepared, prepare
from tests.supervisor.decisions.cases import CASES, DIRECTORIES, EVERYTHING, FILES, Case

pytestmark = pytest.mark.requires(landlock=2)

SYSTEM = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/passwd", "/etc/shadow")
HOSTS = ("one.example", "api.openai.com", "mine.example")
ADDRESSES = ("127.0.0.1", "10.1.2.3", "192.0.2.1")
NOBODY = RecordedProcess(0)
PROGRAM = "true"


@pytest.fixture
def tree(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files to ask for, a home, and a place for audits, all outside /tmp."""
    top = place / "completion"
    for name in DIRECTORIES:
        (top / name).mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (top / name).write_text("a-key-of-sorts\n")
        (top / name).chmod(0o600)
    monkeypatch.setenv("HOME", str(top))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(top / "c"))
    monkeypatch.setattr(kernel_mounts, "_TABLE", str(top / "mounts"))
    return top


def requests(tree: Path, tmpdir: str) -> Iterator[Request]:
    paths = [str(tree / name) for name in (*DIRECTORIES, *FILES, "c/nono/sessions/x", "a/new")]
    for path in (*paths, *SYSTEM, f"{tmpdir}/x", os.path.dirname(tmpdir)):
        for access in (Access.READ, Access.WRITE, Access.READ | Access.WRITE):
            yield Open(NOBODY, path, access)
        for operation in (Operation.CREATE, Operation.UNLINK, Operation.TRUNCATE):
            yield PathChange(NOBODY, operation, path)
        yield Execute(NOBODY, path)
    for port in (80, 443, 8000):
        for host in HOSTS:
            yield ConnectHost(NOBODY, host, port)
        for address in ADDRESSES:
            yield Connect(NOBODY, address, port)


@contextlib.contextmanager
def prepared_run(plan: Plan, audit: AuditOptions | None = None) -> Iterator[Prepared]:
    made = prepare(plan, audit=audit, best_effort=True)
    with contextlib.closing(made):
        yield made


def prepared_copies(prepared: Prepared) -> dict[str, str]:
    """The files that this run gives copies of, among those that are asked for."""
    files = prepared.confinement.injected or ()
    return {path: path for path in SYSTEM if path in files}


def compare_policies(plan: Plan, prepared: Prepared) -> None:
    port = None if prepared.credentials is None else prepared.credentials.port
    made = complete(plan, tmpdir=prepared.tmpdir, proxy_port=port)
    decisions = prepared.decisions
    assert made.policy == decisions.policy
    assert made.floor.rules == decisions.floor.rules
    assert made.floor.carved == decisions.floor.carved
    assert {path for path in SYSTEM if path in made.copies} == prepared_copies(prepared).keys()


def command_line(options: dict[str, Any]) -> list[str]:
    words: list[str] = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            words += [flag] * value
        else:
            for each in value if isinstance(value, list) else [value]:
                words += [flag, str(each)]
    return words


def said(command: click.Command, *words: str) -> str:
    """What a command of ours prints."""
    done = CliRunner().invoke(command, words, help_option_names=["-h", "--help"])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout


def compare_dry_run(plan: Plan, words: Sequence[str], prepared: Prepared) -> None:
    """The same text, but for what only a run has: its TMPDIR, and the way to its proxy."""
    decisions = prepared.decisions
    made = Complete(decisions.policy, decisions.floor, prepared_copies(prepared), dict(plan.copies))
    expected = [
        line.replace(prepared.tmpdir, tmpdir_template())
        for line in describe(plan, made, verbose=True)
        if str(PROXY_ORIGIN) not in line
    ]
    count = len(decisions.floor.rules)
    own = any(rule.path == prepared.tmpdir for rule in decisions.floor.rules)
    counted = expected.index(f"enforced by the kernel alone: {count} rules")
    expected[counted] = f"enforced by the kernel alone: {count - own} rules"
    shown = said(run, "--dry-run", "--verbose", "--quiet", *words, "--", PROGRAM).splitlines()
    assert shown[1:] == expected


def compare_why(
    tree: Path, words: Sequence[str], prepared: Prepared, name: str, op: str, workdir: str
) -> None:
    path = name if name.startswith("/") else str(tree / name)
    answer = json.loads(
        said(why, "--json", "--path", path, "--op", op, "--command", PROGRAM, *words)
    )
    decisions = prepared.decisions
    path = os.path.realpath(path)
    access = Access.READ if op == "read" else Access.WRITE
    request: Request = Execute(NOBODY, path) if op == "execute" else Open(NOBODY, path, access)
    request, verdict = decisions.verdict(request)
    runs = op != "execute" or decisions.floor_covers(path, Access.EXECUTE)
    words_for_it = explain(
        decisions.policy,
        request,
        verdict,
        around=around(request, workdir),
        floor=decisions.floor,
    )
    assert answer["allowed"] == (isinstance(verdict, Allow) and runs)
    assert answer["rule"] == str(verdict.rule.origin)
    assert (answer["reason"], answer["layer"]) == (words_for_it.reason, words_for_it.layer)


def compare_replay(plan: Plan, tree: Path) -> None:
    """Everything asked for and recorded by a run is decided alike by a replay of it."""
    with prepared_run(plan, AuditOptions()) as prepared:
        asked = list(requests(tree, prepared.tmpdir))
        for request in asked:
            with contextlib.suppress(OSError):
                prepared.decisions.require(request)
    result = replay(Session(find_session(os.environ, "last")), plan)
    assert (result.decisions, result.is_same) == (len(asked), True)


def compare_learning(options: dict[str, Any], tree: Path) -> None:
    """What a run would be refused is what is learned, and what is said not to be granted."""
    chosen = Options(**options)
    base = base_plan(chosen, [])
    with prepared_run(base) as prepared:
        learner = Learner()
        learner.compare_with(base, prepared.tmpdir)
        asked = [each for each in requests(tree, prepared.tmpdir) if hasattr(each, "path")]
        for request in asked:
            learner.native(request)
        assert learner.requests == refused(prepared, asked)
        learner.needs.paths.clear()
        learner.needs.names.clear()
        plan = learning_plan(chosen, [], os.environ)
        outcome = ProfileDraft(learner, chosen, [], plan, base).outcome(prepared.tmpdir)
    (tree / "learned.json").write_text(outcome.text)
    with prepared_run(make_plan(Options(profile=str(tree / "learned.json")))) as prepared:
        assert outcome.ungranted == refused(prepared, learner.requests)


def refused(prepared: Prepared, asked: Sequence[Request]) -> list[Request]:
    return [each for each in asked if not isinstance(prepared.decisions.verdict(each)[1], Allow)]


@pytest.mark.long
@settings(
    max_examples=25,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    case=CASES,
    name=st.sampled_from([*DIRECTORIES, *FILES, *SYSTEM]),
    op=st.sampled_from(["read", "write", "execute"]),
)
@example(EVERYTHING, "a/key", "read")
@example(EVERYTHING, "c/proc/x", "read")
@example(EVERYTHING, "/etc/resolv.conf", "write")
def test_whoever_says_what_a_run_would_do_goes_by_the_same(
    tree: Path, case: Case, name: str, op: str
) -> None:
    (tree / "profile.json").write_text(json.dumps(case.profile(tree)))
    table = "".join(f"proc {tree / mount} proc rw 0 0\n" for mount in case.mounts)
    (tree / "mounts").write_text(table)
    options = case.options(tree)
    words = command_line(options)
    try:
        plan = make_plan(Options(**options), [PROGRAM])
        with prepared_run(plan) as prepared:
            compare_policies(plan, prepared)
            compare_dry_run(plan, words, prepared)
            compare_why(tree, words, prepared, name, op, plan.workdir)
    except (UsageError, PolicyError) as error:
        for command, more in ((why, ["--path", name]), (run, ["--dry-run", "--", PROGRAM])):
            with pytest.raises(type(error), match=re.escape(str(error))):
                said(command, *words, *more)
        return
    compare_replay(plan, tree)
    compare_learning(options, tree)


def test_why_tells_of_files_of_keys_and_of_copies(tree: Path) -> None:
    (tree / "mounts").write_text("")
    key = tree / "a/key"
    words = ["--allow-cwd", "--workdir", str(tree), "--proxy-credential", f"openai=file://{key}"]

    def answer(path: Path | str, op: str) -> dict[str, Any]:
        found = json.loads(said(why, "--json", "--path", str(path), "--op", op, *words))
        return {each: found[each] for each in ("allowed", "rule", "layer")}

    copy = {"rule": "built-in rule nono's own copy, only to be read", "layer": "broker"}
    assert answer(tree / "a/x", "read")["allowed"]
    for op in ("read", "write"):
        assert answer(key, op) == {
            "allowed": False,
            "rule": "built-in rule the key of openai",
            "layer": "broker",
        }
    words += ["--proxy-credential", "openai=env://ANOTHER"]  # then nobody looks into the file
    assert not answer(key, "read")["allowed"]
    words[-2:] = []
    for path in ("/etc/resolv.conf", "/etc/hosts", os.path.realpath("/etc/resolv.conf")):
        assert answer(path, "read") == {"allowed": True, **copy}
        assert answer(path, "write") == {"allowed": False, **copy}
        assert not answer(path, "execute")["allowed"]
    assert answer("/etc/passwd", "read")["layer"] == "kernel floor"
    words[-2:] = []
    assert answer("/etc/resolv.conf", "read")["layer"] == "kernel floor"


def test_the_records_of_a_run_are_refused_to_it_wherever_they_are(tree: Path) -> None:
    (tree / "mounts").write_text("")
    plan = make_plan(Options(allow=[str(tree)], workdir=str(tree)), [PROGRAM])
    audit = AuditOptions(env={**os.environ, "XDG_STATE_HOME": str(tree / "a")})
    with prepared_run(plan, audit) as prepared:
        assert os.listdir(tree / "a/nono/sessions")
        asked = [
            Open(NOBODY, str(tree / name), Access.READ) for name in ("a/nono/x", "c/nono/x", "a/x")
        ]
        assert refused(prepared, asked) == asked[:2]
