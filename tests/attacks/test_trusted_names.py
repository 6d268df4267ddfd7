"""Names in /tmp and its like that other programs trust, and what is left there at the end."""

import json
import os
import platform
import shutil
from pathlib import Path

import pytest

from nono.broker.datafile import data
from tests.attacks.conftest import SHARED
from tests.conftest import Account, Nono, program_beside

pytestmark = pytest.mark.requires(landlock=2)

MAKE = program_beside(__file__, "make_names.py")
PYTHON = ("/usr/bin/python3", "-S", "-c", MAKE)


def test_no_trusted_name_can_be_made(nono: Nono, as_user: Account) -> None:
    """Neither as a file, a directory, a socket or a link, nor by a move or a hard link."""
    names = [name.replace("*", f"nono-{os.getpid()}") for name in data("shared_names")["names"]]
    paths = [str(place / name) for place in SHARED for name in names if not (place / name).exists()]
    done = nono("run", "--allow-cwd", "--", *PYTHON, json.dumps(paths))
    assert (done.returncode, done.stdout) == (0, ""), done.stderr[-2000:]
    assert "shared names that other programs trust" in done.stderr
    assert [path for path in paths if os.path.lexists(path)] == []


@pytest.mark.lots(kind="place")
@pytest.mark.parametrize("shared", SHARED, ids=str)
def test_not_by_a_grant_of_the_place_either(nono: Nono, shared: Path) -> None:
    """There the kernel's floor would let it pass, were it not carved."""
    paths = json.dumps([str(shared / f"tmux-{os.getpid()}")])
    done = nono("run", "--allow", shared, "--", *PYTHON, paths)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_a_person_may_lift_it(nono: Nono, as_user: Account) -> None:
    path = f"/tmp/tmux-nono{os.getpid()}"
    flags = ("--bypass-protection", path, "--allow-cwd")
    done = nono("run", *flags, "--", "sh", "-c", f"mkdir {path} && echo made")
    assert (done.returncode, done.stdout) == (0, "made\n"), done.stderr
    assert not os.path.lexists(path)


def test_shared_places_are_as_usable_as_before(nono: Nono, project: Path) -> None:
    tag = f"nono-{os.getpid()}"
    script = (
        f"for d in {' '.join(map(str, SHARED))}; do mkdir $d/{tag} && echo x > $d/{tag}/f &&"
        f" cat $d/{tag}/f && mv $d/{tag}/f $d/{tag}/g && ln -s g $d/{tag}/l &&"
        f" chmod 0 $d/{tag}; done; echo $TMUX_TMPDIR $TMPDIR"
    )
    done = nono("run", "--allow-cwd", "--", "sh", "-c", script)
    *rest, places = done.stdout.splitlines()
    assert rest == ["x"] * 3, done.stderr
    assert len(set(places.split())) == 1
    assert [place for place in SHARED if os.path.lexists(place / tag)] == []
    kept = nono("run", "--", "sh", "-c", "echo $TMUX_TMPDIR", env={"TMUX_TMPDIR": "/given"})
    assert kept.stdout == "/given\n"


def test_what_others_put_beside_it_stays(nono: Nono, as_user: Account, project: Path) -> None:
    """The directory is the sandbox's own, and somebody uses it while it is there."""
    top = Path("/tmp") / f"nono-{os.getpid()}"
    (project / "victim").write_text("stays")
    os.chown(project / "victim", as_user.uid, as_user.gid)
    script = (
        f"mkdir -p {top}/a {top}/b && echo x > {top}/a/victim && mv {top}/a {top}/aside &&"
        f" ln -s {project} {top}/a && echo ready && read line < fifo"
    )
    os.mkfifo(project / "fifo")
    os.chown(project / "fifo", as_user.uid, as_user.gid)
    outside = f"(read x < ready; echo theirs > {top}/b/theirs; echo > fifo) &"
    os.mkfifo(project / "ready")
    os.chown(project / "ready", as_user.uid, as_user.gid)
    script = script.replace("echo ready", "echo > ready")
    inner = f"{as_user.python} -P -m nono.supervisor run --allow-cwd -- sh -c '{script}'"
    try:
        done = as_user("bash", "-c", f"{outside} {inner}", cwd=project)
        assert done.returncode == 0, done.stderr
        assert sorted(str(path.relative_to(top)) for path in top.rglob("*")) == ["b", "b/theirs"]
        assert (project / "victim").read_text() == "stays"
    finally:
        shutil.rmtree(top, ignore_errors=True)


def test_what_a_person_granted_stays(nono: Nono, as_user: Account) -> None:
    place = Path("/var/tmp") / f"nono-granted-{os.getpid()}"
    as_user.directory(place)
    try:
        flags = ("--allow", place, "--deny", place / "denied")
        done = nono("run", *flags, "--", "sh", "-c", f"echo x > {place}/result")
        assert done.returncode == 0, done.stderr
        assert (place / "result").read_text() == "x\n"
    finally:
        shutil.rmtree(place)


EXCHANGE = """
import ctypes, os, sys
from pathlib import Path
one, other = (Path(f"/tmp/{sys.argv[1]}-{each}") for each in ("one", "other"))
one.mkdir()
other.mkdir()
(other / "file").write_text("left")
syscall = ctypes.CDLL(None, use_errno=True).syscall
exchange = lambda a, b: syscall(316, -100, os.fsencode(a), -100, os.fsencode(b), 2)
assert exchange(one, other) == 0
assert exchange(one, one / "file") == -1
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the number of renameat2(2)")
def test_what_was_exchanged_is_removed_too(nono: Nono, tag: str) -> None:
    done = nono("run", "-q", "--allow-cwd", "--", PYTHON[0], "-c", EXCHANGE, tag)
    assert done.returncode == 0, done.stderr
    assert list(Path("/tmp").glob(f"{tag}*")) == []
