"""A value of git's configuration is what git reads there, whatever stands in it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nono.broker.git_config import keys_and_values

READ = [
    ("hk#c", "hk"),
    ("hk;c", "hk"),
    ("hk #c", "hk"),
    ('h"k"3', "hk3"),
    ('"a"b"c"14', "abc14"),
    ('"hk ; d"', "hk ; d"),
    ('"hk # d" ; x', "hk # d"),
    ("hk\\\\\nb = c", "hk\\"),
    ("h\\\nk", "hk"),
    ("h\\\r\nk\r\n", "hk"),
    ('"h\\\nk"', "hk"),
    ('a \\"b\\" ', 'a "b"'),
    ("a # \\\nb = c", "a"),
    ("a\\tb\\nc\\bd", "a\tb\nc\bd"),
    (' "  a " ', "  a "),
    ('a" "', "a "),
    ("", ""),
    ("\\", ""),
    ("a\0b", "a"),
    ("a\rb", "a\rb"),
    ('\x0b"" ', "\x0b"),
]


def values(text: bytes, wanted: bytes) -> list[list[bytes]]:
    return [read for key, _, read in keys_and_values(text) if key == wanted]


@pytest.mark.parametrize(("text", "value"), READ)
def test_a_value(text: str, value: str) -> None:
    (found,) = values(f"[core]\n\thooksPath = {text}".encode(), b"hookspath")
    assert found[0] == value.encode()


def test_versions_differ_in_a_tab() -> None:
    assert values(b"[a]b = a\tb\t;c", b"b") == [[b"a\tb", b"a b"]]
    assert values(b'[a]b = "a\tb"', b"b") == [[b"a\tb"]]


@pytest.mark.parametrize("text", ['"a', "a\\x", '"a\nk = b', "a\\"])
def test_behind_a_mistake_the_next_line_is_read(text: str) -> None:
    assert values(f"[a]\nb = {text}\n\nk = c\n".encode(), b"k")[-1] == [b"c"]


def test_what_is_read_is_read_once() -> None:
    """Lines that go on are one value, however many there are."""
    (found,) = keys_and_values(b"[a]\n" + b"k = v\\\n" * 200_000)
    assert found[2] == [b"v" + b"k = v" * 199_999]


PIECES = (
    *(
        "[core]",
        "[a]",
        '[b "]k = 1"]',
        '[b "\\"]k="]',
        "[a.b]",
        "k",
        "K",
        "hooksPath",
        "k2",
        "\ufeff",
    ),
    *(
        "=",
        " = ",
        "=",
        "\t=\t",
        "v",
        "a b",
        '"',
        '"a b"',
        '""',
        "#",
        ";",
        " # c",
        "\\\\",
        '\\"',
        "\\n",
    ),
    *(
        "\\t",
        "\\b",
        "\\x",
        "\\",
        "\\\n",
        "\\\r\n",
        "\r\n",
        "\r",
        "\n",
        "\n",
        "\n",
        " ",
        "\t",
        "é",
        "]",
    ),
    *("[core]k=", "[a]\nk = ", "\nk = ", "\nk =", "\x0b", "\0"),
    *("#", ";", '"', "x", "# [x] k = y\\\n", ";[a]k="),
)
texts = st.lists(st.sampled_from(PIECES), max_size=14).map("".join).map(str.encode)


@pytest.mark.parametrize("comment", ["# [x] y = z\\", ";[a]b=c\\", " # d = e\\", '[x]#[y]z="\\'])
def test_a_comment_ends_with_its_line(comment: str) -> None:
    text = f"[core]\n{comment}\n[core]hooksPath = h\n".encode()
    assert values(text, b"hookspath") == [[b"h"]]


@pytest.mark.requires(commands=["git"])
@example(b"[core]# [a] b = c\\\nk = v")
@example(b'[core "]k = "] k = v')
@example(b"[core]\n[a] k = a\tb")
@example(b"\xef\xbb\xbf[core]k = v")
@given(texts)
@settings(deadline=None)
def test_all_that_git_reads_is_found(tmp_path_factory: pytest.TempPathFactory, text: bytes) -> None:
    """Each setting with its value; what else is found is only looked for in vain."""
    file = tmp_path_factory.getbasetemp() / "git_values"
    file.write_bytes(text)
    found = [(key, value) for key, _, read in keys_and_values(text) for value in read]
    for key, value in by_git(file):
        assert value is None or (key, value) in found


def by_git(file: Path) -> list[tuple[bytes, bytes | None]]:
    """The keys, in lower case, and their values; None for those without. Nothing where git finds a
    mistake."""
    command = ["git", "config", "--file", str(file), "--null", "--list"]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    settings = done.stdout.split(b"\0")[:-1] if done.returncode == 0 else []
    parts = (each.partition(b"\n") for each in settings)
    return [
        (name.rpartition(b".")[2].lower(), value if line_end else None)
        for name, line_end, value in parts
    ]
