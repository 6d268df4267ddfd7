"""Whoever looks at the tree before a run and has no descriptor left says so, and takes nothing for
missing: what is protected, or refused, because of it would be open."""

import builtins
import errno
import io
import os
import re
import subprocess
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from nono import Policy
from nono.supervisor.decisions.always import complete
from nono.supervisor.errors import StartError
from tests.conftest import CHECKOUT

_TELLING = {"left_in_repositories", "new_repository", "repository_walk", "run_by_people"}
"""What looks at the end of a run, and refuses nothing."""
_WITHOUT_WORDS = re.compile(r"\bos\.(scandir|listdir)\(|\bos\.walk\((?!.*onerror=)")
_OPENING = ((os, "open"), (os, "scandir"), (os, "listdir"), (io, "open"), (builtins, "open"))
Place = tuple[tuple[str, int | None], ...]
Found = tuple[list[str], set[object]]


@pytest.mark.parametrize("room", ["planning", "decisions"])
def test_what_looks_before_a_run_opens_by_words(room: str) -> None:
    for path in (CHECKOUT / "supervisor" / room).rglob("*.py"):
        assert path.stem in _TELLING or not _WITHOUT_WORDS.search(path.read_text()), path


class _Machine:
    """Counts what takes a descriptor, by the place in the code; at one of them none is left."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.places: list[Place] = []
        self.short_at: int | None = None
        for module, name in _OPENING:
            monkeypatch.setattr(module, name, self._counted(getattr(module, name)))

    def _counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(path: Any = ".", *rest: Any, **named: Any) -> Any:
            if not isinstance(path, int) and "opener" not in named:
                here = [(each.filename, each.lineno) for each in traceback.extract_stack(limit=7)]
                self.places.append(tuple(here[:-1]))
                if len(self.places) - 1 == self.short_at:
                    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), path)
            return function(path, *rest, **named)

        return counted

    def begin(self, short_at: int | None) -> None:
        self.places, self.short_at = [], short_at


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Repositories and refused files, with what leads to them otherwise, and a home."""
    home, project = tmp_path / "home", tmp_path / "project"
    for name in ("repository", "deep/repository"):
        subprocess.run(["git", "init", "-q", str(project / name)], check=True)
    for name in (".netrc", ".bashrc", ".ssh/id_rsa"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text("x\n")
    (home / ".gitconfig").write_text("[include]\npath=~/.more\n")
    (home / ".more").write_text(f"[core]\nhooksPath={project}/hooks\n")
    for name in (".env", "deep/b/.env", "deep/b/x.pem", "refused/k", "conf/a.key", "other/plain"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("x\n")
    for refused, name in (("refused/k", "k"), ("deep/b/.env", "e"), ("../home/.netrc", "n")):
        (project / "other" / name).hardlink_to(project / refused)
    (project / "deep/conf").symlink_to("../conf")
    (project / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(project)
    yield project


def _found(tmpdir: Path) -> Found:
    refusals = ("**/.env", "**/*.pem", "**/conf/*.key", "refused")
    plan = Policy().write(".").deny(*refusals).plan()
    made = complete(plan, broker=True, tmpdir=str(tmpdir))
    return sorted(map(str, made.policy.rules)), {*made.floor.rules}


def test_no_descriptor_is_no_missing_file(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = _Machine(monkeypatch)
    _found(tmp_path)  # whatever is looked at once by a process
    machine.begin(None)
    expected = _found(tmp_path)
    tried = {place: number for number, place in reversed([*enumerate(machine.places)])}
    assert len(tried) > 25
    short = 0
    for place, number in tried.items():
        machine.begin(number)
        try:
            assert _found(tmp_path) == expected, place
        except StartError as error:
            assert "none is left" in error.message
            short += 1
    assert short > 15
