"""Which services a run uses, by flags and by a profile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nono.broker.credentials.services import built_in_service
from nono.broker.errors import ProfileError
from nono.supervisor import Options, Plan, UsageError, make_plan
from nono.supervisor.planning.network.services import not_passed_on

MINE = {"mine": {"upstream": "https://mine.example/v1", "credential_key": "env://MINE"}}


def plan(tmp_path: Path, flags: list[str], network: dict[str, object]) -> Plan:
    file = tmp_path / "p.json"
    file.write_text(json.dumps({"network": network}))
    return make_plan(Options(profile=str(file), proxy_credential=flags))


def test_flags_and_profiles_add_up_and_the_flag_says_where_the_key_is(tmp_path: Path) -> None:
    made = plan(
        tmp_path,
        ["anthropic", "mine=env://OTHER"],
        {"credentials": ["openai", "mine"], "custom_credentials": MINE},
    )
    found = {service.name: service for service in made.services}
    assert list(found) == ["openai", "mine", "anthropic"]
    assert [str(source) for source in found["mine"].sources] == ["the variable OTHER"]
    assert found["anthropic"].origin == "--proxy-credential"
    assert found["openai"].origin.startswith("network.credentials in ")
    assert found["openai"].origin.endswith("p.json")


def test_a_service_that_is_only_described_is_not_used(tmp_path: Path) -> None:
    assert plan(tmp_path, [], {"custom_credentials": MINE}).services == ()
    assert make_plan(Options()).services == ()


def test_an_unknown_service_is_refused_where_it_was_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as by_flag:
        plan(tmp_path, ["mien=file:///secret"], {"custom_credentials": MINE})
    assert str(by_flag.value).startswith("--proxy-credential mien: there is no service 'mien'")
    assert by_flag.value.hint == "did you mean 'mine'?"
    assert "secret" not in str(by_flag.value)
    with pytest.raises(ProfileError) as by_profile:
        plan(tmp_path, [], {"credentials": ["openia"]})
    (problem,) = by_profile.value.problems
    assert problem.message == "network.credentials: there is no service 'openia'"
    assert (problem.line, problem.hint) == (1, "did you mean 'openai'?")


def test_a_service_with_a_question_mark_is_used_if_it_has_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network: dict[str, object] = {"credentials": ["mine?"], "custom_credentials": MINE}
    assert plan(tmp_path, [], network).services == ()
    monkeypatch.setenv("MINE", "a-key-of-mine")
    (service,) = plan(tmp_path, [], network).services
    assert service.name == "mine"
    with pytest.raises(UsageError):
        plan(tmp_path, ["mien?"], network)


def test_claude_code_gets_its_token_in_the_form_that_it_does_not_ask_about() -> None:
    service = built_in_service("claude-code")
    assert service.key_variables == ("ANTHROPIC_AUTH_TOKEN",)
    assert str(service.sources[0]) == "the variable ANTHROPIC_API_KEY"
    assert "ANTHROPIC_BASE_URL" in service.url_variables


def test_what_a_service_has_is_not_among_what_was_not_passed_on(tmp_path: Path) -> None:
    """Whoever passes it on by its name has the key outside of the proxy."""
    made = plan(tmp_path, ["mine=env://MINE_TOKEN"], {"custom_credentials": MINE})
    env = {"MINE_TOKEN": "x", "GITHUB_TOKEN": "x", "LANG": "C"}
    env |= dict.fromkeys(made.services[0].key_variables, "x")
    assert not_passed_on(made.environment, made.services, env) == ("GITHUB_TOKEN",)
    assert "MINE_TOKEN" in made.environment.dropped(env)
