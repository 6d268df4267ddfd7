"""Secrets do not reach the program by way of its environment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.broker import Environment, looks_secret

SECRET = (
    "GITHUB_TOKEN",
    "npm_config__authToken",
    "OPENAI_API_KEY",
    "MY_SECRET_THING",
    "DB_PASSWORD",
    "MYSQL_PWD",
    "AWS_ACCESS_KEY_ID",
    "AWS_PROFILE",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "SSH_AUTH_SOCK",
    "SSH_AGENT_PID",
    "GPG_AGENT_INFO",
    "DBUS_SESSION_BUS_ADDRESS",
    "DATABASE_URL",
    "github_token",
)
PLAIN = (
    "PATH",
    "HOME",
    "PWD",
    "OLDPWD",
    "LANG",
    "TERM",
    "SHELL",
    "EDITOR",
    "PYTHONPATH",
    "KEYBOARD",
    "MONKEY",
    "AWS_REGION",
    "TOKENIZERS_PARALLELISM",
    "XDG_RUNTIME_DIR",
)


@pytest.mark.parametrize("name", SECRET)
def test_secrets_are_dropped(name: str) -> None:
    assert looks_secret(name)
    assert Environment().apply({name: "x", "PATH": "/bin"}) == {"PATH": "/bin"}
    assert Environment().dropped({name: "x", "PATH": "/bin"}) == (name,)


@pytest.mark.parametrize("name", PLAIN)
def test_the_rest_passes(name: str) -> None:
    assert Environment().apply({name: "x"}) == {name: "x"}
    assert Environment().dropped({name: "x"}) == ()


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        ("https://user:pw@pypi.example/simple", True),
        ("postgres://:pw@db/x", True),
        ("https://pypi.example/simple", False),
        ("https://user@host/x", False),
        ("https://host/a:b@c", False),
        ("user:pw@host", False),
    ],
)
def test_a_url_with_a_password_is_a_secret_whatever_its_name(value: str, secret: bool) -> None:
    assert looks_secret("PIP_INDEX_URL", value) is secret


def test_allow_passes_deny_beats_and_set_comes_last() -> None:
    environment = Environment(allow=("AWS_*",), deny=("AWS_SECRET*", "LANG"), set=(("LANG", "C"),))
    env = {"AWS_PROFILE": "p", "AWS_SECRET_ACCESS_KEY": "s", "LANG": "de", "MY_TOKEN": "t"}
    assert environment.apply(env) == {"AWS_PROFILE": "p", "LANG": "C"}
    assert environment.dropped(env) == ("AWS_SECRET_ACCESS_KEY", "MY_TOKEN")


names = st.one_of(st.sampled_from(SECRET + PLAIN), st.text(max_size=10))
variables = st.dictionaries(names, st.text(max_size=20), max_size=8)
patterns = st.lists(st.sampled_from(("*", "AWS_*", "*TOKEN", "PATH", "X?")), max_size=2).map(tuple)


@given(variables, patterns, patterns)
def test_a_variable_is_either_kept_as_it_is_or_reported(
    env: dict[str, str], allow: tuple[str, ...], deny: tuple[str, ...]
) -> None:
    environment = Environment(allow, deny)
    kept, dropped = environment.apply(env), environment.dropped(env)
    assert kept.keys() | set(dropped) == env.keys() and not kept.keys() & set(dropped)
    assert all(env[name] == value for name, value in kept.items())


def test_what_is_named_is_the_programs_alone() -> None:
    """Also a secret, and before what nono has itself; a profile has the last word."""
    env = {"HOME": "/h", "NONO_GIVES_HOME": "/x", "NONO_GIVES_API_KEY": "k", "NONO_GIVES_": "y"}
    assert Environment().apply(env) == {"HOME": "/x", "API_KEY": "k"}
    assert Environment().dropped(env) == ()
    denying = Environment(deny=("API_*",), set=(("HOME", "/s"),))
    assert denying.apply(env) == {"HOME": "/s"}
    assert denying.dropped(env) == ("NONO_GIVES_API_KEY",)
    assert Environment(deny=("*",)).dropped(env) == (
        "HOME",
        "NONO_GIVES_API_KEY",
        "NONO_GIVES_HOME",
    )
