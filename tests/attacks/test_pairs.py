"""Pairs of runs: a hostile one, then what a person does outside, then an honest run.

Nothing of the first executes outside, and nothing outside the grants is read or written by
either, whatever the first has left. Which acts come together, and in which order, is drawn by lot.
"""

import contextlib
import os
import random
import shutil
import stat
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.attacks.conftest import PYTHON
from tests.conftest import Account, Finished

pytestmark = pytest.mark.requires(landlock=2, commands=["git", "bash", "vim", "tmux", "npm"])

# Each lot is drawn once: the accounts take turns. One in a run of the tests.
ACCOUNTS = ("user", "user") if os.geteuid() else ("user", "root")
SEEDS = [
    pytest.param(account, seed, marks=pytest.mark.lots(kind="seed"))
    for seed, account in zip(range(11, 21), ACCOUNTS * 5, strict=True)
]
ROUNDS = 6
ACTS = 20


@dataclass(frozen=True)
class House:
    """A home with a secret, a project that is a repository, and a place for marks."""

    account: Account
    work: Path
    marks: Path
    secret: Path
    text: str
    programs: Path
    own_code: str

    def outside(self, *command: str) -> Finished:
        """What a person runs in the project, without nono."""
        return self.account(*command, cwd=self.work)

    def nono(self, *arguments: str, cwd: Path | None = None) -> Finished:
        env = {"PYTHONPATH": str(self.programs)}
        return self.account.nono(*arguments, cwd=cwd or self.work, env=env)

    def build(self) -> None:
        """The project as it is before a round."""
        self.account.directory(self.work)
        self.account.file(self.work / "README", "hello\n")
        self.account.directory(self.work / "out")
        for command in (("git", "init", "-q", "."), ("git", "add", "README"), (*COMMIT, "-m", "1")):
            done = self.outside(*command)
            assert done.returncode == 0, done.stderr

    def clear(self) -> None:
        """Remove all that a round has left in the home."""
        for path in self.account.home.iterdir():
            if path not in (self.secret.parent, self.marks):
                _remove(path)
        for path in Path("/tmp").glob(f"tmux-{self.account.uid}"):
            _remove(path)


COMMIT = ("git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q")
OUTSIDE = [
    ("git", "status", "--short"),
    ("git", "add", "-A"),
    (*COMMIT, "--allow-empty", "-m", "again"),
    ("git", "checkout", "-q", "-B", "other"),
    ("git", "--no-pager", "log", "-1"),
    ("git", "--no-pager", "diff", "HEAD"),
    ("bash", "-lic", "true"),
    ("bash", "-ic", "true"),
    ("python3", "-c", "pass"),
    ("vim", "-es", "-c", "qa!"),
    ("tmux", "new-session", "-d", "true"),
]
NPM = ("npm", "config", "list")
"""It takes as long as all others together."""
INSIDE: list[Sequence[str]] = [
    ("--allow-cwd",),
    ("--read", "."),
    ("--read", ".", "--write", "out"),
    ("--allow-cwd", "--write", "out"),
    ("--allow-cwd", "--read-file", "README"),
]
PROGRAMS: list[Sequence[str]] = [
    (PYTHON, "-c", "READER"),
    (".venv/bin/python", "-c", "READER"),
    ("git", "status"),
    ("sh", "-c", "CAT"),
]
# Nobody writes to what is a pipe by now.
CAT = """
for file in notes.txt hard.txt out/* README; do
    if test -p "$file"; then timeout 0.2 cat "$file"; else cat "$file"; fi
done < /dev/null
echo x > out/new
"""
READER = """
import os, sys
for path in sys.argv[1:]:
    try:
        print(open(path).read())
    except OSError as error:
        print(error)
for root, _, files in os.walk(".", followlinks=True):
    for name in files[:50]:
        path = os.path.join(root, name)
        if os.path.isfile(path) and root.count("/") < 4:
            try:
                print(open(path, errors="replace").read(4096))
            except OSError as error:
                print(error)
"""


@pytest.fixture
def house(as_user: Account, programs: Path) -> Iterator[House]:
    before = set(as_user.home.iterdir())
    directory = as_user.directory(as_user.home / ".ssh", 0o700)
    text = f"secret-{os.urandom(16).hex()}"
    secret = as_user.file(directory / "id_ed25519", text, 0o600)
    marks = as_user.directory(as_user.home / "marks", 0o700)
    where = "import nono.broker as b; print(b.__path__[0])"
    own_code = str(Path(as_user(as_user.python, "-P", "-c", where).stdout.strip()).parent.parent)
    yield House(as_user, as_user.home / "work", marks, secret, text, programs, own_code)
    for path in set(as_user.home.iterdir()) - before:
        _remove(path)


@pytest.mark.parametrize(("as_user", "seed"), SEEDS, indirect=["as_user"])
def test_nothing_of_the_first_run_reaches_further(house: House, seed: int) -> None:
    chance = random.Random(seed)
    tried: set[str] = set()
    for number in range(ROUNDS):
        house.build()
        lot = chance.randrange(2**32)
        tried |= _round(house, lot, chance)
        house.clear()
        assert house.secret.read_text() == house.text, (seed, number)
    assert len(tried) > 45, len(tried)


def _round(house: House, lot: int, chance: random.Random) -> set[str]:
    guarded = _states(house)
    hostile = _leave_behind(house, lot, at_home=chance.random() < 0.3)
    said = [hostile.stdout + hostile.stderr]
    acts = {line.partition("\t")[0] for line in hostile.stdout.splitlines() if "\t" in line}
    assert acts, hostile.stderr
    rarely = [NPM] if chance.random() < 0.1 else []
    for command in (*chance.sample(OUTSIDE, 9), *rarely):
        done = house.outside(*command)
        said.append(done.stdout + done.stderr)
    with contextlib.suppress(FileNotFoundError):
        subprocess.run(["tmux", "kill-server"], env=house.account.environment, check=False,
                       capture_output=True, user=house.account.uid)  # fmt: skip
    *words, last = chance.choice(PROGRAMS)
    words += {"READER": [READER, str(house.secret)], "CAT": [CAT]}.get(last, [last])
    said.append(_second(house, chance.choice(INSIDE), words))
    _check(house, guarded, said, (lot, sorted(acts), words))
    return acts


def _leave_behind(house: House, lot: int, *, at_home: bool) -> Finished:
    program = (PYTHON, "-B", "-m", "programs.leave_behind", str(lot), str(ACTS))
    outside = (str(house.marks), str(house.secret), house.own_code)
    cwd = house.account.home if at_home else house.work
    options = ("--allow-cwd", "--deny", str(house.marks), "--read", str(house.programs))
    return house.nono("run", "-q", *options, "--", *program, *outside, cwd=cwd)


def _second(house: House, options: Sequence[str], words: Sequence[str]) -> str:
    done = house.nono("run", "-q", *options, "--", *words)
    return done.stdout + done.stderr


def _check(house: House, guarded: object, said: Sequence[str], what: object) -> None:
    assert os.listdir(house.marks) == [], what
    assert _states(house) == guarded, what
    assert not [text for text in said if house.text in text], what
    for path in house.work.rglob("*"):
        status = path.lstat()
        assert not (stat.S_ISREG(status.st_mode) and status.st_mode & 0o6000), (path, what)
        if stat.S_ISREG(status.st_mode):
            assert house.text.encode() not in path.read_bytes(), (path, what)


def _states(house: House) -> dict[str, tuple[int, int, bytes]]:
    """What neither run was given: the directory of the secret."""
    found = {}
    for path in [house.secret.parent, *house.secret.parent.rglob("*")]:
        status = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[str(path)] = (status.st_mode, status.st_nlink, content)
    return found


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
