"""`[tool.nono]` in another file: one text for the same keys, and no file that reading trips on."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.broker.errors import PolicyError
from nono.broker.profile.embedded import of_project, of_script

TABLE = '[tool.nono.filesystem]\nread = ["/srv"]\n'
TEXT = json.dumps({"filesystem": {"read": ["/srv"]}}, indent=2)


def header(toml: str) -> str:
    return "\n".join(["# /// script", *(f"# {line}" for line in toml.splitlines()), "# ///"])


def test_the_text_is_the_same_for_the_same_keys() -> None:
    others = '[project]\nname = "x"\n'
    for toml in (TABLE, others + TABLE, '[tool]\nnono = {filesystem = {read = ["/srv"]}} # x\n'):
        assert of_project(toml.encode()) == TEXT
        assert of_script(f"#!/bin/x\n{header(toml)}\nprint()\n".encode()) == TEXT
    assert of_project(TABLE.replace("\n", "\r\n").encode()) == TEXT
    ordered = '[tool.nono]\nb = 1\na = "2"\n', '[tool.nono]\na = "2"\nb = 1\n'
    assert len({of_project(each.encode()) for each in ordered}) == 1
    assert of_project(b'[tool.nono]\na = "2"\n') != of_project(b"[tool.nono]\na = 2\n")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"not toml nor anything",
        b"[tool]\nx = 1\n# nono",
        b"[project]\nname = 'nono'",
        b'[tool."n\\u006fno"]\na = 1\n',
        b"tool = 3 # nono",
    ],
)
def test_files_with_nothing_of_ours(data: bytes) -> None:
    """A name in another spelling is nothing: what is not found gives nothing."""
    assert of_project(data) == "" or b"nono" not in data
    assert of_script(data) == ""


@pytest.mark.parametrize(
    ("toml", "what"),
    [
        ("[tool.nono]\na = ", "not TOML"),
        ("[tool]\nnono = 3", "no table"),
        ("[[tool.nono]]\na = 1", "no table"),
        ("[tool.nono]\na = 2020-01-01", "a date"),
        ("[tool.nono]\na = nan", "no number"),
        ("[tool.nono]\na = inf", "no number"),
        ("[tool.nono]\na = " + "[" * 100_000, "TOML|deep"),
        ("[tool.nono]\n" + ".".join("a" * 20_000) + " = 1", "a key of more"),
        ("[tool.nono]\n" + " . ".join(['"\\"."', "'.'"] * 10_000) + " = 1", "a key of more"),
        ("[tool.nono]\nx = {" + ".".join("a" * 20_000) + " = 1}", "a key of more"),
        ('[tool.nono]\nx = """"a""""\n' + ".".join("a" * 20_000) + " = 1", "a key of more"),
        ("[tool.nono]\na = 1\na = 2", "not TOML"),
    ],
)
def test_what_cannot_be_meant(toml: str, what: str) -> None:
    for read, text in ((of_project, toml), (of_script, header(toml))):
        with pytest.raises(PolicyError) as caught:
            read(text.encode())
        assert any(each in caught.value.message for each in what.split("|")), caught.value.message


@pytest.mark.parametrize(
    "toml",
    [
        'x = "a.b' + ".c" * 99 + '" # d' + ".e" * 99,
        "x = '''\na" + ".b" * 99 + "'''",
        'x = """\na" ' + ".b" * 99 + '""""\ny.z = 1',
        "x = [" + "1.5, " * 99 + "]\n" + "y = 2.5\n" * 1,
    ],
)
def test_dots_in_texts_and_numbers_are_no_long_keys(toml: str) -> None:
    assert of_project(f"{TABLE}[other]\n{toml}\n".encode()) == TEXT


def test_headers_of_scripts() -> None:
    one = header(TABLE)
    assert of_script(f"{one}\n# more\n".encode()) == TEXT
    # The last end mark counts, of which the ones before are content: PEP 723.
    longer = f"{one}\n#\n# [tool.nono.network]\n# block = true\n# ///\n"
    with pytest.raises(PolicyError, match="not TOML"):
        of_script(longer.encode())
    assert of_script(b"# /// script\n# [tool.nono]\nprint()\n# ///\n") == ""
    assert of_script(b"# /// other\n# [tool.nono]\n# ///\n") == ""
    assert of_script(f" {one}".encode()) == ""
    with pytest.raises(PolicyError, match="more than one header"):
        of_script(f"{one}\n\n{one}\n".encode())
    assert of_script(b"# /// script\n" * 20_000 + b"# nono") == ""
    with pytest.raises(PolicyError, match="UTF-8"):
        of_script(f"{one}\n".encode() + b"\xff")


def test_every_character_can_be_seen() -> None:
    """Letters that look like others, what hides text, and what moves the cursor."""
    for char in "\u0430\u202e\u200b\u001b\u0000\u007f\U000e0041":
        toml = f'[tool.nono]\na = "x\\U{ord(char):08x}y"\n'
        text = of_project(toml.encode())
        assert text.isascii() and all(line.isprintable() for line in text.splitlines()), char
        assert text != '{\n  "a": "xy"\n}'
    assert "\\u0430" in of_project('[tool.nono]\na = "\u0430"\n'.encode())


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_bytes(before: bytes, after: bytes) -> None:
    for read in (of_project, of_script):
        data = before + b"\n# /// script\n# [tool.nono]\n# a=1\n# ///\n" + after
        try:
            text = read(data)
        except PolicyError:
            continue
        assert text == "" or isinstance(json.loads(text), dict)
