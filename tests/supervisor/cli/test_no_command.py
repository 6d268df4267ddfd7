"""A first word that is no command has a hint that runs."""

import pytest

from nono.supervisor.cli.commands import _meant


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("version", "--version"),
        ("rnu -- x", "run -- x"),
        ("cat x", "run --allow-cwd -- cat x"),
        ("no-such-program x", "--help"),
    ],
)
def test_what_was_meant(words: str, meant: str) -> None:
    assert _meant(words.split()) == meant.split()
