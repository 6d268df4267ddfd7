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
        ("p@0123456789abcdef/bin", "command -v tool"),
        ("agent/elsewhere", "command -v tool"),
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
    assert diagnose(["./tool"], errno.ENOENT, None, "/").hint == "command -v ./tool"
