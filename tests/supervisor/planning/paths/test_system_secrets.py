"""The machine's own secrets, as root: closed in what is opened around them, open by name."""

import os

import pytest

from nono.broker import Access, Allow, Effect, Glob, Open, Origin, OriginKind, Rule
from nono.broker.requests import RecordedProcess
from nono.supervisor import Options, Plan, make_plan
from nono.supervisor.planning.paths import system_secrets
from nono.supervisor.planning.paths.group_paths import Expander
from nono.supervisor.planning.paths.refused_names import Expanded
from tests.conftest import Account

ME = RecordedProcess(1)
HASHES = "/etc/shadow"
KEY = "/etc/ssl/private/host.key"


@pytest.fixture(autouse=True)
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(system_secrets, "platform", lambda: "linux")


def plan(**options: object) -> Plan:
    chosen = Options(workdir="/", **options)  # type: ignore[arg-type]
    return make_plan(chosen, [], {"HOME": "/root", "PATH": "/usr/bin"})


def readable(made: Plan, path: str) -> bool:
    return isinstance(made.policy.decide(Open(ME, path, Access.READ)), Allow)


@pytest.mark.parametrize("grant", ["/", "/etc"])
def test_what_is_opened_around_them_leaves_them_out(grant: str) -> None:
    made = plan(read=[grant])
    assert readable(made, "/etc/fstab")
    assert not readable(made, HASHES)


@pytest.mark.parametrize("pattern", ["/etc/*", "/e*/**", "/etc/sh*"])
def test_so_does_a_pattern(pattern: str) -> None:
    grant = Rule(Glob(pattern), Access.READ, Effect.ALLOW, Origin(OriginKind.FLAG, "--read"))
    found = system_secrets.system_secrets([grant], Expanded(Expander("/root", "/")))
    assert any(rule.reaches(HASHES) for rule in found)


def test_what_groups_open_leaves_them_out() -> None:
    assert not readable(plan(), KEY)


@pytest.mark.parametrize("around", [[], ["/etc"]])
def test_one_by_its_own_name_is_opened(around: list[str]) -> None:
    made = plan(read=around, read_file=[HASHES])
    assert readable(made, HASHES) and not readable(made, f"{HASHES}-")


def test_a_bypass_lifts_them() -> None:
    assert readable(plan(read=["/etc"], bypass_protection=[HASHES]), HASHES)


def test_whom_the_kernel_refuses_them_nono_refuses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert readable(plan(read=["/etc"]), HASHES)


@pytest.mark.requires(landlock=2)
def test_root_reads_no_hashes(root: Account) -> None:
    done = root.nono("run", "--read", "/etc", "--", "cat", HASHES, "/etc/passwd", cwd=root.home)
    assert "root:" in done.stdout and ":0:0:" in done.stdout
    assert f"{HASHES}: denied by group deny_system_secrets" in done.stderr
