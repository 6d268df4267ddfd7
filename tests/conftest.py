"""What the tests of running programs share: accounts, a project, and nono itself.

Every command is run by an `Account`: root, or an ordinary user. Each has a private home below
/var/tmp (not /tmp, where the sandbox has rules of its own) and a bare environment.
"""

import gc
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol, TypedDict

import pytest

from nono.supervisor.session.tmpdir import remove_tree
from tests import environments, examples, homes
from tests.copied import CHECKOUT as CHECKOUT
from tests.copied import PACKAGES as PACKAGES
from tests.copied import copy_sources as copy_sources
from tests.leftovers import REMOVE_TMPDIRS, Watch, prefix, running
from tests.longest import in_order
from tests.older_kernel import without_note
from tests.requirements import SYSTEM_PATH as SYSTEM_PATH
from tests.requirements import landlock_abi as landlock_abi
from tests.requirements import require
from tests.rewriting import pytest_collection as pytest_collection
from tests.switching import in_front

TIMEOUT = float(os.environ.get("NONO_TESTS_TIMEOUT", "60"))
UMASK = 0o022
SWITCHES = ("NONO_LANE", "NONO_LAUNCHER", "NONO_PRELOAD")  # of whole rooms of tests
WATCH = pytest.StashKey[Watch | None]()

examples.register()


@dataclass(frozen=True)
class Finished:
    """What a command left: its status (negative: the signal that ended it) and its output."""

    returncode: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Secret:
    """A file that must not leak, and the random text in it."""

    path: Path
    text: str


class _Switch(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[str | int]


@dataclass(frozen=True)
class Account:
    """A user to run commands as."""

    name: str
    uid: int
    gid: int
    home: Path
    python: str
    """An interpreter that this user can execute and that imports `nono.*`."""
    environment: Mapping[str, str] = field(repr=False)

    @property
    def switch(self) -> _Switch:
        """What makes subprocess.Popen start a program as this user."""
        if os.geteuid() == self.uid:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def starting(self, environment: Mapping[str, str]) -> tuple[Sequence[str], _Switch]:
        """What begins a command as this user, and what makes Popen start it with that."""
        switch = self.switch
        words = in_front(self.uid, self.gid, environment) if switch else ()
        return words, {} if words else switch

    def __call__(
        self,
        *command: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        input: str | None = None,
        timeout: float = TIMEOUT,
    ) -> Finished:
        """Run `command` to its end; `env` is added to the bare environment.

        The command leads a session of its own, which is killed when it is over
        time: subprocess.TimeoutExpired then carries what was printed so far.
        """
        environment = {**self.environment, **(env or {})}
        words, switch = self.starting(environment)
        process = subprocess.Popen(
            [*words, *(os.fspath(part) for part in command)],
            cwd=cwd or self.home,
            env=environment,
            stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="backslashreplace",
            start_new_session=True,
            **switch,
            umask=UMASK,
        )
        try:
            stdout, stderr = process.communicate(input, timeout)
        except BaseException:
            # Grandchildren hold the pipes too: killing the child alone would not end the wait.
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate(timeout=TIMEOUT)
            raise
        return Finished(process.returncode, stdout, stderr)

    def directory(self, path: Path, mode: int = 0o755) -> Path:
        """Create a directory that this account owns, and its missing parents."""
        if not path.parent.is_dir():
            self.directory(path.parent, mode)
        path.mkdir(exist_ok=True)
        path.chmod(mode)
        os.chown(path, self.uid, self.gid)
        return path

    def file(self, path: Path, text: str = "", mode: int = 0o644) -> Path:
        """Create a file that this account owns; missing parents are created too."""
        if not path.parent.is_dir():
            self.directory(path.parent)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        os.chown(path, self.uid, self.gid)
        return path

    def secret(self, name: str) -> Secret:
        """Create `name` (relative to the home, or absolute) with mode 0600 and a random text."""
        text = f"secret-{secrets.token_hex(16)}"
        return Secret(self.file(self.home / name, text + "\n", 0o600), text)


class Nono(Protocol):
    """The `nono` fixture: run nono with these arguments, in the project unless told otherwise."""

    def __call__(
        self,
        *arguments: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        input: str | None = None,
        timeout: float = TIMEOUT,
    ) -> Finished: ...


def program_beside(test: str, name: str) -> str:
    """The text of a program in the folder `programs` beside a test module (its `__file__`).

    The sandboxed get the text, not the file: an ordinary user may not be able to read a checkout.
    """
    return (Path(test).parent / "programs" / name).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """A directory of this session that every user can search."""
    path = tempfile.mkdtemp(prefix=prefix(), dir="/var/tmp")
    Path(path).chmod(0o755)
    yield Path(path)
    remove_tree(path)


@pytest.fixture(scope="session")
def root(place: Path) -> Account:
    """The account `root`."""
    require(root=True)
    return _begun(_account("root", place, environments.with_clients(place)))


@pytest.fixture(scope="session")
def user(place: Path) -> Account:
    """An ordinary user: `nobody` under root, else whoever runs the tests."""
    python = environments.with_clients(place)
    if os.geteuid() != 0:
        return _begun(_account(pwd.getpwuid(os.geteuid()).pw_name, place, python))
    if _import_nono(_account("nobody", place, python), python):
        python = environments.interpreter("ordinary", place)
    account = _account("nobody", place, python)
    failure = _import_nono(account, python)
    assert failure is None, failure
    return _begun(account)


BY_A_USER = pytest.mark.parametrize("as_user", ["user"], indirect=True)
"""Of tests in which the account makes no difference to what is tested."""


@pytest.fixture(params=["root", "user"] if os.geteuid() == 0 else ["user"])
def as_user(request: pytest.FixtureRequest) -> Account:
    """Each account in turn: a test that takes this (or `project`, or `nono`) runs as both."""
    account: Account = request.getfixturevalue(request.param)
    return account


@pytest.fixture(autouse=True)
def _homes_as_they_were(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test leaves in a home, none other finds there, also where it has no `project`."""
    if not {"as_user", "root", "user"} & {*request.fixturenames}:
        yield
        return
    place = request.getfixturevalue("place")
    before = {home: homes.begin(home) for home in place.glob("home-*")}
    yield
    for home in place.glob("home-*"):
        for path in {*home.iterdir()} - before.get(home, set()):
            if path.name == ".local" and any(running(home)):
                continue  # the next run removes what one that was killed left, by what is there
            remove_tree(os.fspath(path))


@pytest.fixture
def project(as_user: Account) -> Iterator[Path]:
    """A fresh, empty directory in the account's home, which it owns.

    Removed after the test, with whatever else is new in the home: the next test starts as this one.
    """
    before = set(as_user.home.iterdir())
    path = Path(tempfile.mkdtemp(prefix="project-", dir=as_user.home))
    yield as_user.directory(path)
    if any(claims := running(as_user.home)):
        as_user(as_user.python, "-P", "-c", REMOVE_TMPDIRS, *claims)
    for new in set(as_user.home.iterdir()) - before:
        if new.is_dir() and not new.is_symlink():
            shutil.rmtree(new, ignore_errors=True)
        if os.path.lexists(new):  # a directory in it is closed, or it is none
            remove_tree(os.fspath(new))
        assert not os.path.lexists(new), f"{new} cannot be removed"


@pytest.fixture
def nono(as_user: Account, project: Path) -> Nono:
    """Run nono as the account."""

    def run(
        *arguments: str | Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        input: str | None = None,
        timeout: float = TIMEOUT,
    ) -> Finished:
        # -P: like the installed command, `-m` must not import from the project.
        command = (as_user.python, "-P", "-m", "nono.supervisor", *arguments)
        done = as_user(*command, cwd=cwd or project, env=env, input=input, timeout=timeout)
        return replace(done, stderr=without_note(done.stderr, landlock_abi()))

    return run


@pytest.fixture
def secret(as_user: Account) -> Iterator[Callable[[str], Secret]]:
    """Create secrets in the account's home by name, such as `.ssh/id_ed25519`."""
    made: list[Secret] = []

    def create(name: str) -> Secret:
        made.append(as_user.secret(name))
        return made[-1]

    yield create
    for each in made:
        each.path.unlink(missing_ok=True)


def pytest_configure(config: pytest.Config) -> None:
    """A background job of nohup(1) ignores signals, and so would all that is tested in it."""
    config.stash[WATCH] = Watch.begin()
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what runs nono or another program as an account: it takes its time. Longest first."""
    examples.try_a_part(items)
    examples.draw_lots(items)
    items[:] = in_order(items)
    for item in items:
        if {"as_user", "place"} & {*getattr(item, "fixturenames", ())}:
            item.add_marker("sandbox")
    gc.freeze()  # ten thousand tests stay to the end: the collector need not look through them


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """Once everybody has ended: what is left fails the tests that left it."""
    yield
    watch = session.config.stash[WATCH]
    if watch is not None:
        watch.report(session)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("requires"):
        require(**mark.kwargs)


def _account(name: str, place: Path, python: str) -> Account:
    entry = pwd.getpwnam(name)
    home = place / f"home-{name}"
    environment = {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "LOGNAME": name,
        "PATH": SYSTEM_PATH,
        "TERM": "dumb",
        "USER": name,
    }
    for switch in SWITCHES:
        if value := os.environ.get(switch):
            environment[switch] = value
    account = Account(name, entry.pw_uid, entry.pw_gid, home, python, environment)
    account.directory(home, 0o700)
    return account


def _begun(account: Account) -> Account:
    """The account, once nono has been started by it for the first time."""
    account(account.python, "-P", "-m", "nono.supervisor", "run", "--", "true")
    homes.set_aside(account.home)
    return account


def _import_nono(account: Account, python: str) -> str | None:
    """Why `account` cannot import the project with this interpreter; None if it can."""
    modules = ", ".join(f"nono.{name}" for name in PACKAGES)
    try:
        done = account(python, "-c", f"import {modules}")
    except OSError as error:  # a directory above the interpreter is closed to this user
        return str(error)
    return done.stderr if done.returncode else None
