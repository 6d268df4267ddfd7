"""Files of nono's that have another name, as an installer's links out of a cache give them."""

import os
import shutil
from pathlib import Path

import pytest

from nono.supervisor.decisions import own_code
from nono.supervisor.errors import StartError
from nono.supervisor.session import own_inodes
from tests.attacks.installation import PYTHON, environments, installed, run, sources
from tests.conftest import Account

__all__ = ["environments", "installed", "sources"]

pytestmark = pytest.mark.requires(landlock=2)


def linked(account: Account, venv: Path, name: str) -> tuple[Path, Path]:
    """A file of nono's, and its other name in the project."""
    (site_packages,) = venv.glob("lib/python3*/site-packages")
    file = site_packages / name
    other = venv.parent / "cache" / file.name
    account.directory(other.parent)
    os.link(file, other)
    return file, other


@pytest.mark.lots(kind="file")
@pytest.mark.parametrize(
    "name", ["nono/supervisor/report/run.py", "nono/broker/data/groups.json", "others.pth"]
)
def test_another_name_changes_nothing(as_user: Account, installed: Path, name: str) -> None:
    file, other = linked(as_user, installed, name)
    before, status = file.read_bytes(), file.stat()
    for text in ("once", "twice"):
        script = f"open({str(other)!r}, 'a').write({text!r})"
        done = run(as_user, installed, PYTHON, "-c", script)
        assert (done.returncode, done.stderr) == (0, "")
        assert other.read_text().endswith(text)
        assert file.read_bytes() == before
    after = file.stat()
    assert (after.st_mode, after.st_uid, after.st_mtime_ns) == (
        *(status.st_mode, status.st_uid, status.st_mtime_ns),
    )
    assert list(file.parent.glob("*.nono-*")) == []


def test_what_is_installed_later_is_looked_at_again(as_user: Account, installed: Path) -> None:
    assert run(as_user, installed, "true").returncode == 0
    file, _ = linked(as_user, installed, "others.pth")
    late = file.with_name("late.py")
    os.link(installed.parent / "cache/others.pth", late)
    assert run(as_user, installed, "true").returncode == 0
    assert late.stat().st_nlink == 1


@pytest.mark.parametrize("as_user", ["user"], indirect=True)  # root may write everywhere
def test_what_cannot_be_copied_is_no_start(as_user: Account, installed: Path) -> None:
    file, other = linked(as_user, installed, "nono/supervisor/report/run.py")
    file.parent.chmod(0o555)
    done = run(as_user, installed, "touch", "made")
    file.parent.chmod(0o755)
    assert done.returncode == 125
    assert "it cannot be copied: Permission denied\nhint: install nono" in done.stderr
    assert other.exists()
    assert not (installed.parent / "made").exists()


def test_a_program_cannot_write_the_marker(as_user: Account, installed: Path) -> None:
    state = as_user.home / ".local/state/nono"
    shutil.rmtree(state, ignore_errors=True)
    script = f"mkdir -p {state}; echo x > {state}/own-files-00000000; rm -r {state}"
    assert run(as_user, installed, "sh", "-c", script).returncode != 0
    assert [path.name for path in state.glob("own-files-*")] != ["own-files-00000000"]


def test_words_where_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("content")
    os.link(tmp_path / "file", tmp_path / "other")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(shutil, "copyfile", refuse)
    monkeypatch.setattr(own_code, "own_files", lambda: iter([str(tmp_path / "file")]))
    with pytest.raises(StartError, match="2 names"):
        own_inodes.separate({"HOME": str(tmp_path)})
    assert not (tmp_path / ".local/state/nono").exists()
