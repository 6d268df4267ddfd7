"""The same requests through both lanes, on the kernel: the same answers and the same audit."""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import BY_A_USER, TIMEOUT, Account, program_beside

pytestmark = pytest.mark.requires(landlock=2, commands=["gcc"])

PROGRAM = program_beside(__file__, "opens.py")
CONNECTS = program_beside(__file__, "connects.py")
TOLD = ("request", "decided", "effect", "errno", "rule", "layer", "argv")
LEASED = program_beside(__file__, "empties_leased.py")
AGAIN = program_beside(__file__, "again.py")


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
    account: Account, top: Path, lane: str, flags: str, *options: str, program: str = PROGRAM
) -> tuple[list[str], list[Any]]:
    """What the program said; and what nono said and wrote down of its calls."""
    _scene(account, top)
    outside, env = top / "outside", {"NONO_LANE": lane, "XDG_STATE_HOME": str(top / "state")}
    nono = (account.python, "-P", "-m", "nono.supervisor")
    named: list[str | Path] = ["--deny", "carved/denied", "--deny", outside / "denied"]
    named += ["--read", outside / "sub", "--read-file", outside / "readable", *options]
    done = account(
        *(*nono, "run", "--no-preload", "--allow-cwd", "--json", *named, "--"),
        *("/usr/bin/python3", "-c", program, outside, flags),
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
        same = re.sub('(port"?:? )[0-9]+', r"\g<1>1", same)  # whichever was free
        told = [json.loads(line) for line in same.splitlines()]
    decisions = [
        {key: each.get(key) for key in TOLD}
        for each in told
        if each["kind"] == "decision" and each["request"]["kind"] != "Execute"
    ]
    return done.stdout.splitlines(), [report["denials"], decisions]


def _compare(
    account: Account, top: Path, flags: str, *options: str, program: str = PROGRAM
) -> tuple[int, int]:
    """How many answers and decisions there were, the same in both lanes."""
    in_python, compiled = (
        _run(account, top, lane, flags, *options, program=program)
        for lane in ("python", "compiled")
    )
    assert compiled[0] == in_python[0]
    assert compiled[1] == in_python[1]
    return len(compiled[0]), len(compiled[1][1])


@pytest.fixture
def apart(as_user: Account, project: Path) -> Iterator[Path]:
    """A directory that is in none of the shared places, where one can be made: by root.

    In shared places Python remembers what is made, so the lane in C makes nothing there.
    """
    if os.geteuid():
        yield project
        return
    path = Path(tempfile.mkdtemp(prefix="nono-test-", dir="/srv"))
    yield as_user.directory(path)
    shutil.rmtree(path)


def test_they_perform_alike(as_user: Account, apart: Path) -> None:
    every = ",".join(map(str, range(15)))
    answers, _ = _compare(as_user, apart / "scene", every, "--no-audit")
    assert answers > 700


@pytest.mark.parametrize("flags", ["0,1", "9,10,12"], ids=["opened", "made"])
def test_they_record_alike(as_user: Account, apart: Path, flags: str) -> None:
    """Of few calls, since a flood is not recorded one by one."""
    answers, decisions = _compare(as_user, apart / "scene", flags)
    assert answers > 100
    assert 50 < decisions < 500


NAMED = "--allow-domain=host.example"


@BY_A_USER
@pytest.mark.parametrize(
    "options",
    [(), ("--no-audit",), (NAMED,), (NAMED, "--open-port={}")],
    ids=["recorded", "untold", "named", "opened"],
)
def test_they_connect_alike(as_user: Account, project: Path, options: tuple[str, ...]) -> None:
    """What the lane is told of an address it is told by the first; of an own port, later."""
    with socket.create_server(("127.0.0.1", 0)) as anothers:
        port = str(anothers.getsockname()[1])
        options = tuple(each.format(port) for each in options)
        answers, decisions = _compare(as_user, project / "scene", port, *options, program=CONNECTS)
    assert answers > 100
    assert decisions > 100 or "--no-audit" in options


def _again(account: Account, top: Path, lane: str) -> tuple[list[str], Any, dict[str, int]]:
    """As `_run`; and how many opens the lane in C answered, by what became of them."""
    shared, stats = Path("/tmp", f"nono-lanes-{top.parent.name}"), top.parent / "stats.json"
    other = Path(f"{shared}-other")
    account.file(other, "somebody else's")
    if not os.geteuid():
        os.chmod(other, 0o666)
    try:
        options = f"--stats-file={stats}", NAMED
        said = _run(account, top, lane, str(shared), *options, program=AGAIN)
    finally:
        other.unlink()
    counted = json.loads(stats.read_text())["calls"]
    found = {each["how"]: each["count"] for each in counted if each["by"] == "lane in C"}
    return *said, found


def test_they_answer_again_alike(as_user: Account, project: Path) -> None:
    """Refused, its own, or given instead of another: of all that the lane in C is told."""
    in_python, compiled = (
        _again(as_user, project / "scene", lane) for lane in ("python", "compiled")
    )
    assert compiled[0] == in_python[0]
    assert compiled[1] == in_python[1], "as often, with the same errors and by the same rules"
    assert not in_python[2]
    assert compiled[2]["failed"] > 150
    assert compiled[2]["performed"] > 100


@pytest.mark.parametrize("lane", ["python", "compiled"])
def test_what_a_lease_forbids_is_recorded_once(as_user: Account, apart: Path, lane: str) -> None:
    """The lane leaves such an open to Python, which waits and writes it down."""
    top = as_user.directory(apart / "leased")
    as_user.file(top / "denied", "x")
    env = {**as_user.environment, "NONO_LANE": lane, "XDG_STATE_HOME": str(top / "state")}
    nono = (as_user.python, "-P", "-m", "nono.supervisor")
    run = ("run", "--no-preload", "--allow-cwd", "--deny", "denied", "--")
    with subprocess.Popen(
        [*nono, *run, "/usr/bin/python3", "-c", LEASED],
        cwd=top,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        **as_user.switch,
    ) as process:
        assert process.stdout and process.stdout.readline() == "ready\n"
        for name in ("other", "leased"):
            as_user.file(top / name, "content")
        assert process.communicate("\n", timeout=TIMEOUT)[0] == "0 0\n"
    told = as_user(*nono, "audit", "export", "last", env=env).stdout.splitlines()
    requests = [each["request"] for each in map(json.loads, told) if each["kind"] == "decision"]
    written = [each for each in requests if each.get("path") == str(top / "leased")]
    assert [each["kind"] for each in written] == ["Open", "Metadata", "Open"]
