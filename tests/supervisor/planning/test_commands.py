"""What a command line names besides its first word, and what it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.supervisor.planning.program import commands
from nono.supervisor.planning.program.commands import further_programs

KNOWN = {
    name: f"/bin/{name}" for name in ("codex", "python3", "sh", "timeout", "env", "cat", "tee")
}


def found(*argv: str) -> list[str]:
    return [path.removeprefix("/bin/") for path in further_programs(argv, KNOWN.get)]


@pytest.mark.parametrize(
    ("argv", "programs"),
    [
        (("codex", "python3"), []),
        (("timeout", "-k", "5", "60", "codex", "exec", "python3"), ["codex"]),
        (("env", "-i", "A=codex", "B+=1", "codex"), ["codex"]),
        (("/usr/bin/env", "timeout", "5", "codex"), ["timeout", "codex"]),
        (("sh", "-c", "codex exec 'python3'"), ["codex"]),
        (("bash", "-lc", "A=1 codex | tee x && python3 -V"), ["codex", "tee", "python3"]),
        (("sh", "-c", "if cat x; then codex; else (python3) & fi"), ["cat", "codex", "python3"]),
        (("sh", "-c", "exec codex"), ["codex"]),
        (("sh", "-c", "timeout 5 sh -c 'codex; python3'"), ["timeout", "sh", "codex", "python3"]),
        (("sh", "-c", "codex 'a\nb' # python3"), ["codex"]),
        (("sh", "-c", "echo codex; : python3\ncat"), ["cat"]),
        (("sh", "codex", "-c", "python3"), []),
        (("sh", "--", "-c", "codex"), []),
        (("sh", "-c"), []),
        (("timeout", "5"), []),
        ((), []),
    ],
)
def test_words_in_the_place_of_a_command_count(argv: tuple[str, ...], programs: list[str]) -> None:
    assert found(*argv) == programs


def test_a_nest_of_wrappers_ends() -> None:
    assert found("env", *["env"] * 1000, "codex") == ["env"] * 8
    assert found("env", "env", "codex") == ["env", "codex"]


@given(st.text(alphabet="ab =+-$#'\"\\;&|()<>\t\r\v\f\x1c\x85\xa0\u2003é{}!", max_size=30))
def test_a_line_without_special_characters_is_read_alike(line: str) -> None:
    plain = list(commands._commands(line))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(commands, "_NOT_PLAIN", frozenset(map(chr, range(128))))
        assert plain == list(commands._commands(line))
