"""What is read without click is read as click reads it."""

from __future__ import annotations

from typing import Any

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nono.broker.errors import NonoError
from nono.supervisor.cli.commands import by_click as click_line
from nono.supervisor.cli.run import run_options
from nono.supervisor.cli.simple_line import simple_run

SIMPLE = [
    ("-q", "--allow-cwd", "--", "tool", "--read", "x"),
    ("tool",),
    ("tool", "--", "-q"),
    ("--", "--", "x"),
    ("--read", "/a", "-r", "/b", "--read=/c", "--read=", "--deny=x=y", "--", "tool"),
    ("-p", "one", "--workdir=/w", "--upstream-proxy", "http://x", "t"),
    ("--json", "--dry-run", "-v", "--floor-only", "--best-effort", "--no-audit", "--", "t"),
    ("--block-net", "--loopback-only", "--gpu", "--caches", "--allow-ssh-agent", "t"),
    ("--allow-proxy", "a", "--allow-domain", "b", "--credential", "c", "--dns", "1.1.1.1", "t"),
    ("--network-profile", "", "--read", "\udcff", "--", "\udcff"),
]
OTHERS = [
    (),
    ("--",),
    ("-q",),
    ("--help",),
    ("--read",),
    ("--read", "--", "tool"),
    ("--read", "-x", "tool"),
    ("--quiet=1", "tool"),
    ("-ra", "tool"),
    ("-", "tool"),
    ("--open-port", "80", "tool"),
    ("--ask", "tool"),
    ("--timeout", "5", "tool"),
    ("--audit", "all", "tool"),
    ("--nothing", "tool"),
    ("-p", "one", "--profile", "two", "t"),
]


def by_click(words: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The command and the values of a line. Raises click.ClickException, click.exceptions.Exit."""
    found = []

    @click.command(context_settings={"allow_interspersed_args": False})
    @run_options
    @click.argument("command", nargs=-1, type=click.UNPROCESSED)
    def command(command: tuple[str, ...], **values: Any) -> None:
        found.append((command, values))

    command.main(list(words), standalone_mode=False)
    (only,) = found
    return only


@pytest.mark.parametrize("words", SIMPLE)
def test_a_simple_line(words: tuple[str, ...]) -> None:
    assert simple_run(["run", *words], {}) == by_click(words)


@pytest.mark.parametrize("words", OTHERS)
def test_other_lines_are_clicks(words: tuple[str, ...]) -> None:
    assert simple_run(["run", *words], {}) is None


@pytest.mark.parametrize("command", ["run", "learn"])
def test_of_two_profiles_none_counts_in_silence(command: str) -> None:
    for words in (("-p", "a", "--profile=b"), ("--network-profile=a", "--network-profile", "b")):
        with pytest.raises(NonoError, match="is given twice, and one would count: a, b") as caught:
            click_line([command, *words, "--", "true"])
        one = """echo '{"extends": ["a", "b"]}' > both.json"""
        assert caught.value.hint == (one if "-p" in words else f"nono {command} --help")
    with pytest.raises(NonoError, match="--ask is given twice, and one would count: auto, watch"):
        click_line([command, "--ask", "--ask=watch", "--", "true"])


def test_what_is_missing_is_named_with_the_whole() -> None:
    for words, named, hint in (
        (["kill"], r"RUN is missing: nono kill \[OPTIONS\] RUN", "nono ps"),
        (["profile", "show"], "PROFILE is missing: nono profile show", "nono profile show --help"),
    ):
        with pytest.raises(NonoError, match=named) as caught:
            click_line(words)
        assert caught.value.hint == hint


def test_other_commands_and_completions_are_clicks() -> None:
    assert simple_run(["shell"], {}) is None
    assert simple_run([], {}) is None
    assert simple_run(["run", "tool"], {"_NONO_COMPLETE": "bash_source"}) is None


WORDS = st.sampled_from(sorted({word for line in (*SIMPLE, *OTHERS) for word in line}))


@settings(max_examples=200)
@given(st.lists(WORDS, max_size=6))
def test_what_is_read_is_read_alike(words: list[str]) -> None:
    simple = simple_run(["run", *words], {})
    if simple is not None:
        assert simple == by_click(tuple(words))
