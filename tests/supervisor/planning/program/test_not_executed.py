"""A command that is not found may have been installed by an earlier run, for itself."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from nono.supervisor.planning.program.not_executed import diagnose


@pytest.mark.parametrize(
    ("place", "hint"),
    [
        ("agent/npm-global/bin", "nono run --profile agent -- tool 'a b'"),
        ("my profile/bin", "nono run --profile 'my profile' -- tool 'a b'"),
        ("p@0123456789abcdef/bin", 'echo "$PATH"'),
        ("agent/elsewhere", 'echo "$PATH"'),
    ],
)
def test_the_profile_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, hint: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    installed = tmp_path / ".cache/nono/caches" / place
    installed.mkdir(parents=True)
    (installed / "tool").write_text("")
    assert diagnose(["tool", "a b"], errno.ENOENT, None, "/") == ("command not found", hint)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    return tmp_path


def test_an_agent_that_is_not_there_is_installed_where_its_next_run_finds_it(home: Path) -> None:
    hint = diagnose(["claude", "-p", "x"], errno.ENOENT, None, "/").hint
    assert hint == "nono run -p agent -- npm install -g @anthropic-ai/claude-code"
    installed = home / ".cache/nono/caches/agent/npm-global/bin"
    installed.mkdir(parents=True)
    (installed / "claude").write_text("")
    hint = diagnose(["claude", "-p", "x"], errno.ENOENT, None, "/").hint
    assert hint == "nono run --profile agent -- claude -p x"


def test_an_agent_of_no_package_has_no_line_that_installs_it(home: Path) -> None:
    assert diagnose(["goose"], errno.ENOENT, None, "/").hint == 'echo "$PATH"'


def test_of_a_path_that_is_not_there_the_directory_is_shown(tmp_path: Path) -> None:
    """Whose names say more: what `command -v` finds nowhere it prints nothing for."""
    (tmp_path / "bin").mkdir()
    for command, hint in (("./tool", "ls ."), ("bin/a/b", "ls bin"), ("/no/such", "ls /")):
        assert diagnose([command], errno.ENOENT, None, str(tmp_path)).hint == hint


@pytest.mark.parametrize(
    ("bits", "machine", "is_told"), [(1, 3, True), (1, 62, True), (1, 8, False), (2, 62, False)]
)
def test_a_program_of_32_bits(tmp_path: Path, bits: int, machine: int, is_told: bool) -> None:
    """`nono why` would say that its own file may be executed: it is its loader that may not."""
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF" + bytes([bits, 1, 1, *[0] * 9, 2, 0, machine, 0]))
    program.chmod(0o755)
    found = diagnose(["./program"], errno.EACCES, str(program), str(tmp_path))
    assert ("32-bit" in found.what, found.hint == f"file {program}") == (is_told, is_told)
