"""All that a policy is made of is noted: what the kernel was asked is what strace(1) shows."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import Account, program_beside

LOOKED = program_beside(__file__, "looked.py")
_MARKER = re.compile(r'\w*stat\w*\([^"]*"/nono-marker')
_CALL = re.compile(r"\w+\((?:(?:AT_FDCWD|\d+)<([^>]*)>, )?\"([^\"]*)\"")
_OPEN = re.compile(r"open\w*\((?!.*O_PATH)")
_TRACED = "trace=%file,getdents64"
OPTIONS = {
    "nothing": {},
    "workdir": {"allow_cwd": True},
    "patterns": {"allow_cwd": True, "deny": ["**/*.pem", "secret"]},
    "home": {"read": ["~"], "deny": ["~/project/secret"]},
    "profile": {"profile": "python-dev", "allow_cwd": True},
}


def _path(call: re.Match[str], work: Path) -> str:
    return os.path.join(call[1] or work, call[2])


@pytest.fixture
def work(as_user: Account, project: Path) -> Path:
    """With a repository, links, and a file with two names."""
    script = (
        "git init -q . && mkdir -p sub/keys other && echo k >sub/keys/a.pem && echo s >secret &&"
        " ln secret other/name && ln -s ../other sub/link && ln -s sub/link/name b.pem &&"
        " git config core.hooksPath sub/link && echo x >.envrc"
    )
    done = as_user("sh", "-c", script, cwd=project)
    assert done.returncode == 0, done.stderr
    return project


@pytest.mark.lots(kind="options")
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_the_kernel_is_asked_nothing_else(
    as_user: Account, work: Path, options: dict[str, object]
) -> None:
    strace = shutil.which("strace")
    assert strace is not None
    log = as_user.file(work.parent / "strace.log")
    words: list[str | Path] = [strace, "-qq", "-y", "-s", "5000", "-e", _TRACED, "-o", log]
    done = as_user(*words, as_user.python, "-P", "-c", LOOKED, json.dumps(options), cwd=work)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["are_whole"]
    noted = {*told["noted"], *told["on_the_way"]}
    lines = log.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    log.unlink()
    (begin, end) = (n for n, line in enumerate(lines) if _MARKER.match(line))
    asked = lines[begin + 1 : end]
    assert len(asked) > 200
    calls = [found for line in asked if (found := _CALL.match(line)) and found[2]]
    paths = {_path(found, work) for found in calls}
    own = tuple(told["own"])
    left = {path for path in paths - noted if not path.startswith(own)}
    assert not left
    opened = {_path(found, work) for found in calls if _OPEN.match(found.string)}
    assert not {path for path in opened - {*told["read"]} if not path.startswith(own)}
