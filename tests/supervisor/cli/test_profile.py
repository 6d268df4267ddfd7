"""`nono profile`, the profiles that come with nono, and the page about the format."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from nono.broker import (
    Access,
    Allow,
    Deny,
    File,
    Glob,
    LocalPort,
    Mode,
    Network,
    Open,
    Origin,
    OriginKind,
    Policy,
    Rule,
    Subtree,
)
from nono.broker.explaining.difference import opened
from nono.broker.network.host_entries import parse_host
from nono.broker.profile.page import page
from nono.broker.requests import RecordedProcess
from nono.broker.rules.rule import Effect
from nono.supervisor.cli.profile import profile
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options
from nono.supervisor.planning.profiles.profile_files import built_in_names
from tests.conftest import BY_A_USER, CHECKOUT, Account, Nono

BUILT_IN = (
    *("agent", "aider", "claude-code", "codex", "default", "gemini-cli", "go-dev", "goose"),
    *("java-dev", "node-dev", "opencode", "python-dev", "qwen-code", "rust-dev"),
)
FLAG = Origin(OriginKind.FLAG, "--x")


def test_the_page_is_the_models() -> None:
    assert (CHECKOUT / "docs/profiles.md").read_text() == page()


def test_what_comes_with_nono() -> None:
    assert tuple(built_in_names()) == BUILT_IN


@BY_A_USER
@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_profile(nono: Nono, name: str) -> None:
    done = nono("run", "--profile", name, "--", "true")
    assert (done.returncode, done.stderr) == (0, "")


@BY_A_USER
def test_no_built_in_profile_has_a_mistake(nono: Nono) -> None:
    checked = nono("profile", "validate", *BUILT_IN)
    expected = "".join(f"{name}: no mistakes\n" for name in BUILT_IN)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, expected, "")


@BY_A_USER
def test_all_are_listed(nono: Nono) -> None:
    assert set(BUILT_IN) <= set(nono("profile", "list").stdout.split())


@BY_A_USER
def test_one_that_cannot_be_read_is_none_with_mistakes(nono: Nono, as_user: Account) -> None:
    profiles = as_user.home / ".config/nono/profiles"
    as_user.file(profiles / "closed.json", "{}", 0o000)
    as_user.file(profiles / "wrong.json", "{")
    lines = {line.split()[0]: line for line in nono("profile", "list").stdout.splitlines()}
    assert lines["closed"].endswith("(it cannot be read)")
    assert lines["wrong"].endswith("(it has mistakes: nono profile validate)")
    told = {each["name"]: each for each in json.loads(nono("profile", "list", "--json").stdout)}
    assert told["closed"]["description"] is told["wrong"]["description"] is None


@pytest.mark.lots(kind="profile")
@pytest.mark.long
@pytest.mark.parametrize("name", BUILT_IN)
def test_what_is_shown_of_it_is_the_same_profile(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    shown = CliRunner().invoke(
        profile, ["show", name, "--json"], help_option_names=["-h", "--help"]
    )
    file = tmp_path / "shown.json"
    file.write_text(shown.stdout)
    same = CliRunner().invoke(
        profile, ["diff", name, str(file)], help_option_names=["-h", "--help"]
    )
    assert (same.exit_code, same.stdout) == (0, "no difference\n")


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_profile_refuses_nothing_that_it_grants(name: str) -> None:
    plan = make_plan(Options(profile=name))
    # Of the machine's files with credentials the program reads a copy.
    bypasses = (*plan.policy.bypasses, *dict(plan.copies))
    policy = replace(plan.policy, bypasses=bypasses)
    for rule in policy.rules:
        if rule.effect is Effect.ALLOW and isinstance(rule.pattern, Subtree | File):
            for access in (Access.READ, Access.WRITE, Access.EXECUTE):
                if access in rule.access:
                    request = Open(RecordedProcess(0), rule.pattern.path, access)
                    assert isinstance(policy.decide(request), Allow), (rule, access)


@BY_A_USER
def test_the_agent(nono: Nono, as_user: Account) -> None:
    for question, code in (
        (("--path", ".", "--op", "write"), 0),
        (("--path", "~/.cache/pip/x", "--op", "write"), 1),
        (("--path", "~/.cache/nono/caches/agent/cache/pip/x", "--op", "write"), 0),
        (("--path", "~/.cache/nono/caches/node-dev/x", "--op", "read"), 1),
        (("--path", "~/.ssh/id_rsa"), 1),
        (("--path", "~/diary"), 1),
        (("--path", "~/.npmrc"), 1),
        (("--host", "registry.npmjs.org"), 0),
        (("--host", "files.pythonhosted.org"), 0),
        (("--host", "unknown.example"), 1),
        (("--host", "169.254.169.254", "--port", "80"), 1),
    ):
        done = nono("why", "--profile", "agent", *question)
        assert done.returncode == code, (question, done.stdout)


@BY_A_USER
def test_show_names_the_origin_of_every_rule(nono: Nono) -> None:
    short = nono("profile", "show", "agent").stdout.splitlines()
    assert len(short) < 100 and short[-1].startswith("(--all lists")
    assert len([line for line in short if "group python_runtime" in line]) == 1
    assert any(
        line.startswith("allow connect: ") and " hosts  [group github" in line for line in short
    )
    lines = nono("profile", "show", "--all", "agent").stdout.splitlines()
    rules = [line for line in lines if line.startswith(("allow ", "deny "))]
    assert len(rules) > 100
    assert all("  [" in line and line.endswith("]") for line in rules)
    assert any("profile workdir.access in built-in agent" in line for line in rules)
    assert any("group python_runtime" in line for line in rules)


@BY_A_USER
def test_init(nono: Nono, as_user: Account) -> None:
    place = as_user.home / ".config/nono/profiles/first.json"
    done = nono("profile", "init", "first")
    assert (done.returncode, done.stdout) == (0, f"{place}\n")
    assert place.stat().st_mode & 0o777 == 0o600
    assert nono("profile", "validate", "first").stdout == "first: no mistakes\n"
    again = nono("profile", "init", "first")
    assert again.returncode == 2
    assert "is there already" in again.stderr
    assert "hint: nono profile init --force first" in again.stderr
    assert nono("profile", "init", "--force", "first").returncode == 0
    assert "own" in nono("profile", "list").stdout
    assert json.loads(nono("profile", "show", "--json", "first").stdout)["meta"]["name"] == "first"
    assert nono("run", "--profile", "first", "--", "true").returncode == 0
    place.unlink()


@BY_A_USER
def test_groups(nono: Nono) -> None:
    assert "python_runtime" in nono("profile", "groups").stdout
    assert "  read: ~/.pyenv" in nono("profile", "groups", "python_runtime").stdout
    protected = nono("profile", "groups", "deny_agent_state").stdout
    assert "  deny: ~/.codex  (log-in, settings and conversations of Codex)\n" in protected
    done = nono("profile", "groups", "python_runtim")
    assert done.returncode == 2
    assert "python_runtime" in done.stderr


@BY_A_USER
def test_schema(nono: Nono) -> None:
    import jsonschema

    made = json.loads(nono("profile", "schema").stdout)
    jsonschema.Draft202012Validator.check_schema(made)


@BY_A_USER
def test_diff_in_words(nono: Nono, project: Path, as_user: Account) -> None:
    for name, tree in (
        ("a", {"filesystem": {"read": ["/srv"], "deny": ["/srv/secret"]}, "ask": False}),
        (
            "b",
            {
                "filesystem": {"allow": ["/srv/data"], "read": ["/srv"]},
                "environment": {"set_vars": {"ANSWER": "42"}},
            },
        ),
    ):
        as_user.file(project / f"{name}.json", json.dumps(tree))
    done = nono("profile", "diff", "a.json", "b.json")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "b.json lets through what a.json does not:",
        "  write and create files in all below /srv/data",
        "  read and execute all below /srv/secret",
        "  the variable ANSWER",
    ]


def rule(pattern: object, access: Access, effect: Effect = Effect.ALLOW) -> Rule:
    return Rule(pattern, access, effect, FLAG)  # type: ignore[arg-type]


def test_a_wider_rule_is_no_difference_to_a_narrower() -> None:
    wide = Policy((rule(Subtree("/srv"), Access.READ),))
    narrow = Policy((rule(Subtree("/srv/a"), Access.READ), rule(File("/srv/b"), Access.READ)))
    assert opened(wide, narrow) == []
    assert opened(narrow, wide) == ["read all below /srv"]


def test_patterns_ports_and_modes() -> None:
    closed = Policy(network=Network(Mode.FILTERED))
    some = Policy(
        (rule(Glob("/srv/*.txt"), Access.READ),),
        network=Network(
            Mode.FILTERED,
            rules=tuple(
                rule(pattern, Access.CONNECT)
                for pattern in (
                    parse_host("a.example:443"),
                    parse_host("*.b.example"),
                    parse_host("10.0.0.0/8"),
                    LocalPort(5432),
                )
            ),
            listen=(rule(LocalPort(8080), Access.CONNECT),),
        ),
    )
    assert opened(closed, some) == [
        "read /srv/*.txt",
        "connect to 10.0.0.0/8 port 443",
        "connect to 10.0.0.0/8 port 80",
        "connect to a.example port 443",
        "connect to every host in b.example port 443",
        "connect to every host in b.example port 80",
        "connect to port 5432 of this machine",
        "listen on port 8080",
    ]
    assert opened(some, closed) == []
    assert isinstance(closed.decide(Open(RecordedProcess(0), "/x", Access.READ)), Deny)
    assert "connect to any other host port 443" in opened(some, Policy())
