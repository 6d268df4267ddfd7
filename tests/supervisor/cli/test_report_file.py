"""`nono run --report`: what programs read about a run, which the one that ran cannot forge."""

import json
import os
from pathlib import Path

import pytest

from nono.supervisor.cli.report_file import ReportFile
from nono.supervisor.errors import CommandError, UsageError
from tests.conftest import Account

LOOK_ALIKE = '{"schema": "nono-run", "version": 1, "denials": []}'


@pytest.mark.requires(landlock=2)
def test_a_report_apart_from_what_the_program_prints(user: Account) -> None:
    place = user.directory(user.home / "reports")
    script = f"echo '{LOOK_ALIKE}' >&2; exec 2>/dev/null; (echo x >&9); cat /etc/shadow; exit 3"
    command = 'exec 9>"$1"; shift; exec "$@"'
    nono = (user.python, "-P", "-m", "nono", "run", "--report", "9", "--", "sh", "-c", script)
    done = user("sh", "-c", command, "sh", place / "by-fd", *nono, cwd=place)
    assert done.returncode == 3
    told = json.loads((place / "by-fd").read_text())
    assert (told["schema"], told["version"]) == ("nono-run", 1)
    assert (told["returncode"], told["timed_out"], told["error"]) == (3, False, None)
    assert told["argv"] == ["sh", "-c", script] and told["duration"] > 0
    assert [each["summary"] for each in told["denials"]] == ["read /etc/shadow"]
    assert told["denials"][0]["access"] == "read"
    assert told["audit"]["session"] and told["internal_errors"] == []


@pytest.mark.requires(landlock=2)
def test_a_full_disk_leaves_the_exit_status(user: Account) -> None:
    place = user.directory(user.home / "full")
    nono = (user.python, "-P", "-m", "nono", "run", "--report", "9", "--", "sh", "-c", "exit 3")
    done = user("sh", "-c", 'exec 9>/dev/full; exec "$@"', "sh", *nono, cwd=place)
    assert done.returncode == 3
    why = "No space left on device"
    assert f"nono: --report 9: not written, after the program has run: {why}" in done.stderr


@pytest.mark.requires(landlock=2)
def test_a_file_whatever_becomes_of_the_run(user: Account) -> None:
    place = user.directory(user.home / "more-reports")

    def report(*arguments: str) -> dict[str, object]:
        nono = (user.python, "-P", "-m", "nono", "run", "--report", "r.json", *arguments)
        user(*nono, cwd=place)
        told: dict[str, object] = json.loads((place / "r.json").read_text())
        return told

    assert report("--", "sh", "-c", "kill -9 $$")["returncode"] == -9
    timed = report("--timeout", "0.2", "--", "sleep", "60")
    assert (timed["returncode"], timed["timed_out"]) == (None, True)
    absent = report("--", "no-such-command")
    assert isinstance(absent["error"], dict) and absent["error"]["kind"] == "CommandError"
    unplanned = report("--read", "/no-such-directory", "--", "true")
    assert unplanned["returncode"] is None and unplanned["denials"] == []
    assert isinstance(unplanned["error"], dict)
    assert unplanned["error"]["message"].startswith("--read /no-such-directory: ")
    forged = ("sh", "-c", f"rm r.json; echo '{LOOK_ALIKE}' > r.json")
    done = user(
        *(user.python, "-P", "-m", "nono", "run", "--allow-cwd", "--report", "r.json", "--"),
        *forged,
        cwd=place,
    )
    assert done.returncode != 0 and "was removed or replaced" in done.stderr


def test_a_descriptor_that_is_open_for_reading_alone(tmp_path: Path) -> None:
    (tmp_path / "r").touch()
    descriptor = os.open(tmp_path / "r", os.O_RDONLY)
    try:
        with pytest.raises(UsageError, match="open for reading alone"):
            ReportFile(str(descriptor), ["true"])
    finally:
        os.close(descriptor)


@pytest.mark.parametrize(
    "target", ["0", "2", "-1", "987654", "9" * 30, "no/such/directory", "/dev/null"]
)
def test_what_is_no_place_for_a_report(target: str) -> None:
    with pytest.raises(UsageError, match="--report"):
        ReportFile(target, ["true"])


def test_what_is_written_of_an_error(tmp_path: Path) -> None:
    path = tmp_path / "r"
    with pytest.raises(CommandError), ReportFile(str(path), ["\x1b[2J"]):
        raise CommandError("x", 2, None)
    told = json.loads(path.read_text())
    assert told["error"]["message"] == "x: No such file or directory"
    assert told["argv"] == ["\\x1b[2J"] and told["returncode"] is None
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with pytest.raises(UsageError):
        ReportFile(str(tmp_path / "link"), ["true"])
    assert not (tmp_path / "target").exists()
