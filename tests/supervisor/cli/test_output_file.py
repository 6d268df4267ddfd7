"""The file that is written after a program ran."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nono.supervisor.cli.counting import Counting
from nono.supervisor.cli.output_file import OutputFile
from nono.supervisor.cli.report_file import ReportFile
from nono.supervisor.errors import UsageError
from tests.conftest import TIMEOUT


def test_a_link_on_the_way_that_leads_elsewhere_by_then(tmp_path: Path) -> None:
    for name in ("real", "elsewhere"):
        (tmp_path / name).mkdir()
    link = tmp_path / "link"
    link.symlink_to("real")
    output = OutputFile(os.open(link / "new", os.O_RDWR | os.O_CREAT, 0o600), str(link / "agent"))
    link.unlink()
    link.symlink_to("elsewhere")
    output.write(b"x")
    assert output.path == f"{tmp_path}/real/agent"
    assert (tmp_path / "real/agent").read_bytes() == b"x"
    assert not list((tmp_path / "elsewhere").iterdir())


def without_room(text: str, *words: str | Path) -> str:
    """What a process says whose files do not grow, as on a full disk."""
    run = (sys.executable, "-P", "-c", text, *words)
    limited = ("sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *run)
    done = subprocess.run(limited, capture_output=True, text=True, timeout=TIMEOUT, check=True)
    return done.stderr


REPORT = """
import sys
from nono.supervisor.cli.report_file import ReportFile
with ReportFile(sys.argv[1], ["true"]):
    pass
"""


def test_what_cannot_be_written_is_told_and_not_left(tmp_path: Path) -> None:
    said = without_room(REPORT, tmp_path / "r.json")
    assert f"nono: {tmp_path}/r.json: not written, after the program has run" in said
    assert "hint: ulimit -f unlimited" in said
    assert not list(tmp_path.iterdir())


def test_where_a_directory_is_missing_it_is_made(tmp_path: Path) -> None:
    for open_it, option in ((report, "--report"), (Counting, "--stats-file")):
        with pytest.raises(UsageError, match=f"{option} .*: No such file") as found:
            open_it(f"{tmp_path}/no dir/r.json")
        assert found.value.hint == f"mkdir -p '{tmp_path}/no dir'"
        with pytest.raises(UsageError, match=option) as found:
            open_it(str(tmp_path))
        assert found.value.hint == "name a new file"


def report(path: str) -> ReportFile:
    return ReportFile(path, ["true"])


LEARNED = """
import os, sys
from nono.supervisor.cli.keep_learned import keep_learned, of_learning
from nono.supervisor.cli.output_file import OutputFile
new = os.open(sys.argv[1] + ".new", os.O_RDWR | os.O_CREAT, 0o600)
values = {"output": sys.argv[1], "quiet": False, "as_json": False}
saved = keep_learned(OutputFile(new, sys.argv[1]), '{"learned": 1}', 0, values)
assert not saved
assert [of_learning(code, saved, values) for code in (0, 3)] == [1, 3]
assert of_learning(0, True, values) == of_learning(0, False, {"output": None}) == 0
"""


def test_a_learned_profile_that_cannot_be_saved_is_shown(tmp_path: Path) -> None:
    old = tmp_path / "p.json"
    old.touch()
    said = without_room(LEARNED, old)
    assert f"nono: {old}: not written" in said and '{"learned": 1}' in said
    assert list(tmp_path.iterdir()) == [old]


def test_a_device_is_written_as_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    before = os.stat("/dev/null")
    assert OutputFile(os.open("/dev/null", os.O_WRONLY)).write(b"x")
    assert os.stat("/dev/null").st_mode == before.st_mode
    assert not OutputFile(os.open("/dev/full", os.O_WRONLY)).write(b"x")
    said = capfd.readouterr().err
    assert said.startswith("nono: /dev/full: not written, after the program has run: No space left")
