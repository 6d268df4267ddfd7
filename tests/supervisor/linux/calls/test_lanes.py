"""The same requests through both lanes, on the kernel: the same answers and the same audit."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Account, program_beside

pytestmark = pytest.mark.requires(landlock=2, commands=["gcc"])

PROGRAM = program_beside(__file__, "opens.py")


def _scene(account: Account, top: Path) -> None:
    """In `work` everything is open but `carved/denied`, in `outside` what a rule names."""
    shutil.rmtree(top, ignore_errors=True)
    for name in ("file", "sub/file", "carved/file", "carved/denied/file", "caf\u00e9"):
        account.file(top / "work" / name, name)
    for name in ("file", "readable", "denied", "sub/file"):
        account.file(top / "outside" / name, name)
    for name, target in {
        "work/to-file": "sub/file",
        "work/to-sub": "sub",
        "work/dangling": "dangling-target",
        "work/to-outside": "../outside/readable",
        "work/to-carved": "carved/file",
        "work/carved/to-file": "../file",
        "outside/to-file": "readable",
    }.items():
        os.symlink(target, top / name)
    os.mkfifo(top / "work/carved/fifo", 0o666)


def _run(
    account: Account, top: Path, lane: str, flags: int, *options: str
) -> tuple[list[str], list[Any]]:
    """What the program said; and what nono said and wrote down of its calls."""
    _scene(account, top)
    outside, env = top / "outside", {"NONO_LANE": lane, "XDG_STATE_HOME": str(top / "state")}
    nono = (account.python, "-P", "-m", "nono.supervisor")
    named: list[str | Path] = ["--deny", "carved/denied", "--deny", outside / "denied"]
    named += ["--read", outside / "sub", "--read-file", outside / "readable", *options]
    done = account(
        *(*nono, "run", "--allow-cwd", "--json", *named, "--"),
        *("/usr/bin/python3", "-c", PROGRAM, outside, str(flags)),
        cwd=top / "work",
        env=env,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(re.sub("/proc/[0-9]+", "/proc/PID", done.stderr.splitlines()[-1]))
    assert report["internal_errors"] == []
    told = []
    if "--no-audit" not in options:
        exported = account(*nono, "audit", "export", "last", env=env).stdout
        same = re.sub("/proc/[0-9]+", "/proc/PID", exported)
        told = [json.loads(line) for line in same.splitlines()]
    decisions = [
        {key: each.get(key) for key in ("request", "decided", "effect", "errno", "rule", "layer")}
        for each in told
        if each["kind"] == "decision" and each["request"]["kind"] != "Execute"
    ]
    return done.stdout.splitlines(), [report["denials"], decisions]


def _compare(account: Account, top: Path, flags: int, *options: str) -> tuple[int, int]:
    """How many answers and decisions there were, the same in both lanes."""
    in_python, compiled = (
        _run(account, top, lane, flags, *options) for lane in ("python", "compiled")
    )
    assert compiled[0] == in_python[0]
    assert compiled[1] == in_python[1]
    return len(compiled[0]), len(compiled[1][1])


def test_they_perform_alike(as_user: Account, project: Path) -> None:
    answers, _ = _compare(as_user, project / "scene", 15, "--no-audit")
    assert answers > 700


def test_they_record_alike(as_user: Account, project: Path) -> None:
    """Of few calls, since a flood is not recorded one by one."""
    answers, decisions = _compare(as_user, project / "scene", 2)
    assert answers > 100
    assert 50 < decisions < 500
