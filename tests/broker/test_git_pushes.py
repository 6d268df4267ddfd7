"""Where git would push, before a run and after it."""

import pytest

from nono.broker.errors import NotUnderstoodError
from nono.broker.git_pushes import goes_elsewhere, gone

BEFORE = b"""[remote "origin"]
url = https://a.example/x
fetch = +refs/heads/*:refs/remotes/origin/*
[branch "main"]
remote = origin
merge = refs/heads/main
"""
FORK = b'[remote "fork"]\nurl = https://b.example/x\n'


@pytest.mark.parametrize(
    ("after", "elsewhere"),
    [
        (BEFORE, False),
        (BEFORE + FORK, False),
        (BEFORE + b'[branch "new"]\nremote = origin\nmerge = refs/heads/new\n', False),
        (BEFORE + b'[branch "new"]\nremote = .\nmerge = refs/heads/main\n', False),
        (BEFORE + b'[user]\nname = x\n[branch "main"]\nrebase = true\n', False),
        (FORK, False),
        (BEFORE.replace(b"a.example", b"b.example"), True),
        (BEFORE + b'[remote "origin"]\npushurl = https://b.example/x\n', True),
        (BEFORE + b'[remote "origin"]\npush = +refs/heads/evil:refs/heads/main\n', True),
        (BEFORE + b'[remote "origin"]\nmirror = true\n', True),
        (BEFORE + FORK + b'[branch "main"]\npushRemote = fork\n', True),
        (BEFORE + FORK + b"[remote]\npushDefault = fork\n", True),
        (BEFORE.replace(b"remote = origin", b"remote = fork") + FORK, True),
    ],
)
def test_a_push_goes_elsewhere(after: bytes, elsewhere: bool) -> None:
    assert goes_elsewhere(BEFORE, after) is elsewhere


def test_nothing_is_guessed() -> None:
    with pytest.raises(NotUnderstoodError):
        goes_elsewhere(BEFORE, b"[remote")


def test_remotes_that_are_gone() -> None:
    assert gone(BEFORE, FORK) == [b"origin"]
    assert gone(BEFORE, BEFORE + FORK) == []
