"""A thread changes what a call means while it is decided, for some seconds: not one win."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import Account, Finished, Nono

pytestmark = pytest.mark.requires(landlock=2, commands=["gcc"])

SECONDS = "3"
"""For each of two accounts."""
INSIDE = ("link", "names", "directory", "mkdir")
"""Races over a denied directory in the writable one; in the others it is elsewhere."""
ELSEWHERE = (
    "path",
    "write",
    "mode-three",
    "dirfd",
    "fchmod",
    "reopen",
    "how",
    "nothing",
    "lock",
    "set-id",
    "attribute",
)


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


def make_scene(kind: str, account: Account, project: Path) -> Scene:
    mine = account.directory(project / kind)
    outside = account.home / f"outside-{project.name}-{kind}"
    theirs = (mine if kind in INSIDE else outside) / "denied"
    secret = "secret-of-somebody"
    account.file(theirs / "secret", secret)
    account.file(theirs / "marker")
    account.file(mine / "file", "mine")
    os.setxattr(theirs / "secret", "user.kept", secret.encode())
    os.setxattr(mine / "file", "user.kept", b"mine")
    account.file(mine / "dir" / "secret", "mine")
    account.directory(mine / "other")
    (mine / "link").symlink_to(mine / "dir")
    return Scene(mine, theirs, account.file(outside / "readonly", "only to read", 0o640), secret)


@pytest.fixture(scope="session")
def flips(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The compiled program."""
    source = Path(__file__).parent / "programs" / "flips.c"
    target = tmp_path_factory.mktemp("flips") / "flips"
    subprocess.run(["gcc", "-O1", "-pthread", "-o", target, source], check=True)
    return target.read_bytes()


# Side by side, since what a race takes is time.
@pytest.mark.lots(kind="flips")
@pytest.mark.parametrize(
    "kinds", [INSIDE, ELSEWHERE[:4], ELSEWHERE[4:7], ELSEWHERE[7:]], ids=" ".join
)
def test_not_one_win(
    nono: Nono, as_user: Account, project: Path, flips: bytes, kinds: tuple[str, ...]
) -> None:
    scenes = [make_scene(kind, as_user, project) for kind in kinds]

    def race(kind: str, scene: Scene) -> Finished:
        program = as_user.file(scene.mine / "flips")
        program.write_bytes(flips)
        program.chmod(0o755)
        flags = ("--read", "/", "--write", scene.mine, "--deny", scene.theirs, "--json")
        places = (scene.mine, scene.theirs, scene.readonly)
        return nono("run", *flags, "--", program, kind, SECONDS, *places, cwd=scene.mine)

    with ThreadPoolExecutor(len(kinds)) as pool:
        ended = list(pool.map(race, kinds, scenes))
    for kind, scene, done in zip(kinds, scenes, ended, strict=True):
        innocent = _innocent(done, scene)
        # Where the two threads were never at it together: once more, with no other beside it.
        innocent = innocent or _innocent(race(kind, scene), scene)
        assert innocent, "nothing was raced"


def _innocent(done: Finished, scene: Scene) -> int:
    """How often the call did what it may, of a race that was not won."""
    assert done.returncode == 0, done.stderr
    assert "WON" not in done.stdout
    assert '"internal_errors": []' in done.stderr
    assert scene.is_untouched()
    return int(done.stdout.split()[3])
