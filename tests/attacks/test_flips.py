"""A thread changes what a call means while it is decided, for five seconds: not one win."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Account, Nono

pytestmark = pytest.mark.requires(landlock=3, commands=["gcc"])

SECONDS = "5"
INSIDE = ("link", "names", "directory", "mkdir")
"""Races over a denied directory in the writable one; in the others it is elsewhere."""
ELSEWHERE = ("path", "write", "mode-three", "dirfd", "fchmod", "reopen", "how")


@dataclass(frozen=True)
class Scene:
    """A directory to write in, a denied one (inside it or elsewhere), and a file only to read."""

    mine: Path
    theirs: Path
    readonly: Path
    secret: str

    def is_untouched(self) -> bool:
        return (
            (self.theirs / "secret").read_text() == self.secret
            and sorted(each.name for each in self.theirs.iterdir()) == ["marker", "secret"]
            and self.readonly.read_text() == "only to read"
            and self.readonly.stat().st_mode & 0o777 == 0o640
        )


@pytest.fixture
def scene(kind: str, as_user: Account, project: Path) -> Scene:
    outside = as_user.home / f"outside-{project.name}"
    theirs = (project if kind in INSIDE else outside) / "denied"
    secret = "secret-of-somebody"
    as_user.file(theirs / "secret", secret)
    as_user.file(theirs / "marker")
    as_user.file(project / "file", "mine")
    as_user.file(project / "dir" / "secret", "mine")
    as_user.directory(project / "other")
    return Scene(project, theirs, as_user.file(outside / "readonly", "only to read", 0o640), secret)


@pytest.fixture(scope="session")
def flips(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The compiled program."""
    source = Path(__file__).parent / "programs" / "flips.c"
    target = tmp_path_factory.mktemp("flips") / "flips"
    subprocess.run(["gcc", "-O1", "-pthread", "-o", target, source], check=True)
    return target.read_bytes()


@pytest.mark.parametrize("kind", INSIDE + ELSEWHERE)
def test_not_one_win(nono: Nono, as_user: Account, scene: Scene, flips: bytes, kind: str) -> None:
    program = as_user.file(scene.mine / "flips")
    program.write_bytes(flips)
    program.chmod(0o755)
    (scene.mine / "link").symlink_to(scene.mine / "dir")
    flags = ("--read", "/", "--write", scene.mine, "--deny", scene.theirs, "--json")
    places = (scene.mine, scene.theirs, scene.readonly)
    done = nono("run", *flags, "--", program, kind, SECONDS, *places)
    assert done.returncode == 0, done.stderr
    assert "WON" not in done.stdout
    assert '"internal_errors": []' in done.stderr
    assert scene.is_untouched()
    innocent = int(done.stdout.split()[3])
    assert innocent, "nothing was raced"
