"""The files of one session's records, read as one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nono.broker.audit.chain import Writer
from nono.broker.audit.chain_reading import Ending, verify
from nono.supervisor.audit import record_files
from nono.supervisor.audit.reader import Session
from nono.supervisor.audit.record_files import RecordFiles, chunks, file_names, total_size
from nono.supervisor.audit.sessions import create_session
from nono.supervisor.cli.commands import nono


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(record_files, "MAX_FILE_BYTES", 1000)
    path = tmp_path / "session"
    path.mkdir()
    return path


def written(session: Path, count: int) -> tuple[RecordFiles, Writer]:
    directory = os.open(session, os.O_RDONLY)
    files, writer = RecordFiles(directory), Writer()
    os.close(directory)
    for number in range(count):
        files.append(writer.append(["x" * 100, number]))
    return files, writer


def test_one_chain_in_all_files(session: Path) -> None:
    files, writer = written(session, 100)
    seal = writer.seal
    names = sorted(path.name for path in session.iterdir())
    assert len(names) > 10
    assert all((session / name).stat().st_size <= 1000 for name in names)
    assert verify(chunks(str(session)), seal.pack()).count == 100
    last = b"".join(chunks(str(session), seal.last))
    assert len(last) == seal.size - seal.last
    parent = os.open(session.parent, os.O_RDONLY)
    assert total_size(parent, "session") == seal.size
    assert file_names(parent, "session")[-1] == "records"
    assert set(file_names(parent, "session")) == set(names)
    os.close(parent)
    files.close()


def test_whatever_the_umask_is_a_file_can_be_read(session: Path) -> None:
    before = os.umask(0o777)
    try:
        files, _ = written(session, 30)
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in session.glob("records.*")} == {0o600}
    files.close()


def test_a_record_that_is_larger_than_a_file_is_written_whole(session: Path) -> None:
    files, writer = written(session, 3)
    for _ in range(2):
        files.append(writer.append(["x" * 3000]))
    assert verify(chunks(str(session)), writer.seal.pack()).ending is Ending.OPEN
    assert [path.name for path in sorted(session.iterdir())] == [
        "records",
        "records.1",
        "records.2",
    ]
    files.close()


def test_what_was_written_in_part_is_cut_off(session: Path) -> None:
    files, writer = written(session, 40)
    whole = writer.seal
    files.append(b"part of a record")
    files.cut(whole.size)
    assert verify(chunks(str(session)), whole.pack()).is_intact
    # In a file that was begun for it, too.
    files.append(b"x" * 999)
    files.cut(whole.size)
    assert verify(chunks(str(session)), whole.pack()).is_intact
    files.close()


def test_a_file_that_is_missing_or_in_another_place_is_noticed(session: Path) -> None:
    files, writer = written(session, 100)
    seal = writer.seal.pack()
    files.close()
    assert verify(chunks(str(session)), seal).is_intact
    second, third = session / "records.2", session / "records.3"
    second.rename(session / "aside")
    assert verify(chunks(str(session)), seal).ending is Ending.CUT
    third.rename(second)
    assert verify(chunks(str(session)), seal).ending is Ending.DAMAGED
    (session / "aside").rename(third)
    assert verify(chunks(str(session)), seal).ending is Ending.DAMAGED
    last = session / "records"
    last.unlink()
    with pytest.raises(FileNotFoundError):
        list(chunks(str(session)))


def test_what_is_in_the_way_of_a_new_file_is_not_written_to(session: Path) -> None:
    elsewhere = session.parent / "elsewhere"
    elsewhere.write_text("")
    (session / "records.1").symlink_to(elsewhere)
    with pytest.raises(FileExistsError):
        written(session, 20)
    assert elsewhere.read_text() == ""


def test_nothing_at_all_is_called_that(session: Path) -> None:
    """As a disk leaves it that was full from the start: no damage, and not intact either."""
    (session / "records").touch()
    (session / "seal").touch()
    found = Session(str(session))
    assert found.verify().ending is Ending.EMPTY and not found.verify().is_intact
    assert found.summary().state == "empty"
    (session / "records").write_bytes(b"x")
    assert found.verify().ending is Ending.DAMAGED and found.summary().state == "damaged"


def test_a_session_without_records_is_not_said_to_be_without_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may have run while the disk was full."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    create_session(os.environ).close()
    with pytest.raises(SystemExit):
        nono(["audit", "list"])
    said = capsys.readouterr().out
    assert "empty" in said and "(nothing was recorded)" in said
