"""What a run leaves in shared places is gone after it, however deep, and a person is told."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from nono.supervisor.decisions.shared_names import missed
from nono.supervisor.linux.calls.own import own_objects
from nono.supervisor.linux.calls.own.own_objects import OwnObjects
from tests.attacks.conftest import SHARED
from tests.conftest import Account, Nono, program_beside

pytestmark = pytest.mark.requires(landlock=2)

LEAVE = program_beside(__file__, "leave_in_shared_places.py")


def test_nothing_is_left_by_any_trick(nono: Nono, as_user: Account, tag: str) -> None:
    granted = as_user.directory(Path("/tmp") / f"{tag}-granted")
    written = as_user.directory(Path("/tmp") / f"{tag}-only-written")
    flags = ("--allow-cwd", "--allow", granted, "--write", written)
    done = nono("run", *flags, "--", "/usr/bin/python3", "-c", LEAVE, tag, granted, written)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "bug in nono" not in done.stderr
    left = {path for place in SHARED for path in place.glob(f"{tag}*")}
    assert left == {granted, written}


def test_one_line_tells_what_of_a_persons_is_gone(
    nono: Nono, as_user: Account, project: Path, tag: str
) -> None:
    script = (
        f"cd /tmp; echo x > {tag}-report; mkdir {tag}-out; echo y > {tag}-out/table;"
        f" : > {tag}-empty; mkdir {tag}-none; echo z > $TMPDIR/x; echo z > {tag}.lock;"
        f" echo z > $(mktemp /tmp/tmp.XXXXXXXX); echo z > {tag}-gone; rm {tag}-gone"
    )
    done = nono("run", "--allow-cwd", "--", "sh", "-c", script)
    (line,) = done.stderr.splitlines()
    told = f"/tmp/{tag}-out/table, /tmp/{tag}-report  hint: --write-file /tmp/{tag}-report"
    assert line == f"nono: removed, since nothing stays in shared places: {told}"
    quiet = nono("run", "-q", "--allow-cwd", "--", "sh", "-c", script)
    assert quiet.stderr == ""
    as_json = nono("run", "--json", "--allow-cwd", "--", "sh", "-c", script)
    assert json.loads(as_json.stderr)["removed"] == [f"/tmp/{tag}-out/table", f"/tmp/{tag}-report"]
    hinted = ("--write-file", f"/tmp/{tag}-report")
    kept = nono("run", "--allow-cwd", *hinted, "--", "sh", "-c", script)
    out = f"/tmp/{tag}-out"
    assert kept.stderr.endswith(
        f" (--write {out} keeps it, where it is there)  hint: mkdir -p {out}\n"
    )
    os.mkdir(out)
    os.chown(out, as_user.uid, as_user.gid)
    script = script.replace("mkdir ", "mkdir -p ")
    kept = nono("run", "--allow-cwd", *hinted, "--write", out, "--", "sh", "-c", script)
    assert kept.stderr == ""
    assert Path(f"/tmp/{tag}-out/table").read_text() == "y\n"
    assert Path(f"/tmp/{tag}-report").read_text() == "x\n"


def test_what_tools_leave_is_not_missed() -> None:
    usual = ["/tmp/tmpab12_cd9", "/tmp/tmp.XyZ/file", "/dev/shm/psm_1234", "/tmp/.hidden/x"]
    usual += ["/var/tmp/pip-1/x", "/tmp/ccAbCdEf.s", "/tmp/a/b.lock", "/tmp/pytest-of-me/x/y"]
    assert missed(usual) == []
    wanted = ["/tmp/report.csv", "/dev/shm/result", "/var/tmp/out/table", "/tmp/tmplate-of-mine"]
    assert missed([*usual, *wanted]) == wanted


def test_beyond_the_bound_there_is_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tag: str
) -> None:
    """What nono could not remember it does not let be made; what is removed makes room again."""
    monkeypatch.setattr(own_objects, "_MAX_OBJECTS", 3)
    own, paths = OwnObjects(), [Path(f"/tmp/{tag}-{number}") for number in range(3)]
    for path in paths:
        own.require_room(str(path))
        path.touch()
        fd = os.open(path, os.O_RDONLY)
        own.record_created(str(path), fd)
        os.close(fd)
    own.require_room("/home/x")
    with pytest.raises(OSError) as caught:
        own.require_room("/var/tmp/x")
    assert caught.value.errno == errno.EDQUOT
    own.note_moved(str(paths[0]), "/home/x", directory=False)
    assert own.remove_left_behind(lambda path: False) == []
    assert [path for path in paths if path.exists()] == [paths[0]]
