"""A flag is a setting: the table, `Options`, the command line and profiles say the same."""

from __future__ import annotations

import ast
import json
import re
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nono.broker import Effect, Mode, Rule
from nono.broker.settings import BY_NAME, BY_OPTION, Key, Kind
from nono.supervisor import Options, Plan, make_plan
from nono.supervisor.cli.options import policy_options
from nono.supervisor.planning.options import settings_of, to_options
from tests.imports import module_sources

NO_SETTINGS = {"profile", "workdir"}
"""Options that say where settings come from, and what they are about."""
FLAGS = tuple(BY_OPTION.values())


def parsed(*arguments: str) -> Options:
    """The options that a command makes of its arguments."""
    found = []

    @click.command()
    @policy_options
    def command(**values: Any) -> None:
        found.append(to_options(values))

    command.main(list(arguments), standalone_mode=False)
    (options,) = found
    return options


def arguments(key: Key) -> tuple[str, Any]:
    """A value for the flag, as it is typed, and as a setting has it."""
    is_port = key.kind in (Kind.PUBLIC_PORT, Kind.LOCAL_PORT, Kind.LISTENING_PORT)
    if key.name == "limits.timeout":
        return "5m", "5m"
    return ("443", 443) if is_port else ("text", "text")


def test_options_are_the_table() -> None:
    assert set(Options.__dataclass_fields__) == set(BY_OPTION) | NO_SETTINGS


def test_the_command_line_is_the_table() -> None:
    @policy_options
    def function() -> None:
        """Collects the options."""

    options: list[click.Option] = function.__click_params__  # type: ignore[attr-defined]
    assert {option.name for option in options} == set(Options.__dataclass_fields__)
    for option in options:
        key = BY_OPTION.get(option.name or "")
        if key is not None:
            assert key.flag in (*option.opts, *option.secondary_opts)
            assert option.is_flag == (key.stands_for is not None)
            assert option.multiple == (key.repeated and not option.is_flag)
    flat = [each for option in options for each in (*option.opts, *option.secondary_opts)]
    assert len(flat) == len(set(flat))


def test_nothing_said_is_no_setting() -> None:
    for options in (Options(), parsed(), parsed("--profile", "x", "--workdir", "/")):
        assert settings_of(options).settings == {}


@pytest.mark.parametrize("key", FLAGS, ids=lambda key: key.option)
def test_a_flag_becomes_its_setting(key: Key) -> None:
    text, value = arguments(key)
    words = [key.flag] if key.stands_for is not None else [key.flag, text]
    made = settings_of(parsed(*words))
    assert list(made.settings) == [key.name]
    (setting,) = made.all(key.name)
    assert setting.value == (value if key.stands_for is None else key.stands_for)
    assert str(setting.origin) == f"flag {' '.join(words)}"
    if key.repeated and key.stands_for is None:
        assert made.values(key.name) * 2 == settings_of(parsed(*words, *words)).values(key.name)


def test_the_place_of_a_key_is_nowhere_to_be_seen() -> None:
    (setting,) = settings_of(parsed("--credential", "openai=env://MINE")).all("network.credentials")
    assert setting.value == "openai=env://MINE"
    assert str(setting) == "--proxy-credential openai"


def test_a_flag_is_spelled_in_the_table_alone() -> None:
    spelled = re.compile(rf"(?<![\w-])({'|'.join(key.flag for key in FLAGS)})(?![\w-])")
    found = {
        (module, match[0])
        for module, source in module_sources().items()
        if module.startswith(("nono.broker", "nono.supervisor")) and spelled.search(source)
        for text in texts(source)
        for match in spelled.finditer(text)
    }
    assert not found
    assert spelled.search("leave out --open-port") and not spelled.search("--allow-proxy")


def texts(source: str) -> Iterator[str]:
    """The strings of a module, but for what documents it."""
    tree = ast.parse(source)
    documentation = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in documentation:
            yield str(node.value)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with what the values of `PATHS` name."""
    home = tmp_path_factory.mktemp("home").resolve()
    for name in ("d", "d/e", "other"):
        (home / name).mkdir()
    for name in ("f", "d/f"):
        (home / name).write_text("x")
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind(str(home / "agent"))
    return home


HOSTS = ("a.example", "*.b.example:8443", "10.0.0.0/8", "[fd00::1]:443")
DIRECTORIES = ("~/d", "~/d/e", "~/other", "/usr")
FILES = ("~/f", "~/d/f", "/etc/hosts")
PORTS = st.one_of(st.integers(1, 65535), st.sampled_from(("3000-3100", "7-7")))
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "filesystem.deny": st.sampled_from(("~/d", "~/f", "**/.env", "*.key")),
    "filesystem.deny_write": st.sampled_from(("~/d", "~/f", "**/.env", "*.key")),
    "filesystem.bypass_protection": st.sampled_from((*DIRECTORIES, "~/.ssh")),
    "filesystem.unix_socket": st.sampled_from(("~/d/s", "/run/s")),
    "network.network_profile": st.sampled_from(("minimal", "developer")),
    "network.credentials": st.sampled_from(("openai", "anthropic=env://MINE")),
}
BY_KIND: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.DIRECTORY: st.sampled_from(DIRECTORIES),
    Kind.FILE: st.sampled_from(FILES),
    Kind.LISTED: st.sampled_from(DIRECTORIES),
    Kind.HOST: st.sampled_from(HOSTS),
    Kind.REFUSED_HOST: st.sampled_from(HOSTS),
    Kind.PUBLIC_PORT: PORTS,
    Kind.LOCAL_PORT: PORTS,
    Kind.LISTENING_PORT: PORTS,
}
BOTH = [
    key
    for key in FLAGS
    if key.in_profile and key.name != "ask" and not key.name.startswith("limits.")
]
"""What can be said by a flag and in a profile, with the same values, and becomes rules."""
KEPT = {
    "network.block": (),
    "network.loopback_only": ("network.open_port", "network.listen_port"),
}
"""What closes the network, and what still says something then."""
NETWORK = [key for key in BOTH if key.name.startswith("network.") and key.name not in KEPT]


def values(key: Key) -> st.SearchStrategy[Any]:
    """What a profile has for the key."""
    if key.stands_for is not None:
        return st.just(key.stands_for)
    one = VALUES[key.name] if key.name in VALUES else BY_KIND[key.kind]  # type: ignore[index]
    return st.lists(one, min_size=1, max_size=3, unique=True) if key.repeated else one


def consistent(said: dict[str, Any]) -> dict[str, Any]:
    """Without what contradicts, or says nothing beside the rest."""
    for closing, kept in KEPT.items():
        if closing in said:
            names = (closing, *kept)
            return {
                name: value
                for name, value in said.items()
                if name in names or not name.startswith("network.")
            }
    if not any(key.narrows and key.name in said for key in NETWORK):
        said = {name: value for name, value in said.items() if name != "network.deny_domain"}
    return said


@given(st.fixed_dictionaries({}, optional={key.name: values(key) for key in BOTH}))
@settings(deadline=None)
def test_a_flag_and_a_key_mean_the_same(place: Path, said: dict[str, Any]) -> None:
    said = consistent(said)
    options: dict[str, Any] = {
        BY_NAME[name].option: True if BY_NAME[name].stands_for is not None else value
        for name, value in said.items()
    }
    profile: dict[str, dict[str, Any]] = {"filesystem": {}}
    for name, value in said.items():
        section, _, key = name.partition(".")
        profile.setdefault(section, {})[key] = value
    file = place / "profile.json"
    # The same file for both: its own caches, if it has any, go by its name.
    file.write_text("{}")
    work = str(place / "other")
    env = {"HOME": str(place), "PATH": "/usr/bin", "SSH_AUTH_SOCK": f"{place}/agent"}
    by_flags = make_plan(Options(workdir=work, profile=str(file), **options), (), env)
    file.write_text(json.dumps(profile))
    by_profile = make_plan(Options(workdir=work, profile=str(file)), (), env)
    assert meaning(by_flags) == meaning(by_profile)
    assert is_by_flag(by_flags) == bool(said)


def test_to_ask_is_said_by_a_flag_or_a_profile_and_the_flag_counts(tmp_path: Path) -> None:
    def plan(in_profile: bool | None, **options: Any) -> Plan:
        file = tmp_path / "profile.json"
        file.write_text(json.dumps({} if in_profile is None else {"ask": in_profile}))
        made = make_plan(Options(workdir="/usr", profile=str(file), **options), (), {"HOME": "/x"})
        assert (made.policy.default is Effect.ASK) == bool(made.ask)
        return made

    assert plan(None).ask == plan(False).ask == ""
    assert plan(True).ask == plan(None, ask="auto").ask == plan(False, ask="auto").ask == "auto"
    assert plan(True, ask="none").ask == "none"
    assert parsed("--ask", "--allow-cwd").ask == "auto"
    assert parsed("--ask=none").ask == "none"


def meaning(plan: Plan) -> dict[str, Any]:
    """All that a plan decides, but not where it comes from, nor the order of what adds up."""
    network = plan.policy.network
    return {
        "rules": meanings(plan.policy.rules),
        "anywhere": meanings(plan.anywhere),
        "bypasses": plan.policy.bypasses,
        "network": (network.mode, *map(meanings, (network.rules, network.listen))),
        "services": plan.services,
        "environment": plan.environment,
    }


def meanings(rules: Iterable[Rule]) -> set[tuple[object, ...]]:
    return {(rule.pattern, rule.access, rule.effect, rule.protected) for rule in rules}


def is_by_flag(plan: Plan) -> bool:
    """True when something of the plan comes from a flag."""
    network = plan.policy.network
    rules = (*plan.policy.rules, *plan.anywhere, *network.rules, *network.listen)
    return (
        any(str(rule.origin).startswith("flag --") for rule in rules)
        or network.mode is not Mode.UNRESTRICTED
        or bool(plan.policy.bypasses)
    )


@pytest.mark.parametrize("key", [key for key in NETWORK if key.narrows], ids=lambda key: key.option)
def test_what_narrows_does_so_wherever_it_is_said(
    tmp_path: Path, key: Key, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    value: Any = {"network_profile": "minimal", "allow_domain": ["a.example"]}.get(key.option)
    value = value or (["openai"] if key.option == "proxy_credential" else [443])
    name = key.name.partition(".")[2]
    (tmp_path / "said.json").write_text(json.dumps({"network": {name: value}}))
    (tmp_path / "emptied.json").write_text(json.dumps({"network": {name: None}}))
    for options in (
        Options(**{key.option: value}),
        Options(profile="./said.json"),
        Options(profile="./emptied.json"),
    ):
        assert make_plan(options).policy.network.mode is Mode.FILTERED
    assert make_plan(Options()).policy.network.mode is Mode.UNRESTRICTED


def test_a_refused_path_that_is_not_there_may_be_mistyped(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    options = Options(deny=("secret", "secrets", "*.key", "dangling"), workdir=str(tmp_path))
    (tmp_path / "dangling").symlink_to("nothing")
    notes = [note for note in make_plan(options).notes if "--deny" in note]
    assert notes == ["--deny secret: does not exist; to make it is refused, too"]
