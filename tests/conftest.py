"""What the tests of running programs share: accounts, a project, and nono itself.

Every command is run by an `Account`: root, or an ordinary user. Each has a private home below
/var/tmp (not /tmp, where the sandbox has rules of its own) and a bare environment.
"""

import contextlib
import gc
import os
import pwd
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from nono.supervisor.session.tmpdir import remove_tree
from tests import environments, examples, homes
from tests.accounts import TIMEOUT as TIMEOUT
from tests.accounts import UMASK as UMASK
from tests.accounts import Account as Account
from tests.accounts import Secret as Secret
from tests.copied import CHECKOUT as CHECKOUT
from tests.copied import PACKAGES as PACKAGES
from tests.copied import copy_sources as copy_sources
from tests.exchange import Finished as Finished
from tests.forked import Forks
from tests.leftovers import REMOVE_TMPDIRS, Watch, prefix, running
from tests.longest import in_order
from tests.requirements import SYSTEM_PATH as SYSTEM_PATH
from tests.requirements import landlock_abi as landlock_abi
from tests.requirements import require
from tests.rewriting import pytest_collection as pytest_collection

SWITCHES = ("NONO_LANE", "NONO_LAUNCHER", "NONO_PRELOAD")  # of whole rooms of tests
WATCH = pytest.StashKey[Watch | None]()

examples.register()


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
def root(place: Path) -> Iterator[Account]:
    """The account `root`."""
    require(root=True)
    with _begun(_account("root", place, environments.with_clients(place))) as account:
        yield account


@pytest.fixture(scope="session")
def user(place: Path) -> Iterator[Account]:
    """An ordinary user: `nobody` under root, else whoever runs the tests."""
    python = environments.with_clients(place)
    if os.geteuid() != 0:
        with _begun(_account(pwd.getpwuid(os.geteuid()).pw_name, place, python)) as account:
            yield account
        return
    if _import_nono(_account("nobody", place, python), python):
        python = environments.interpreter("ordinary", place)
    account = _account("nobody", place, python)
    failure = _import_nono(account, python)
    assert failure is None, failure
    with _begun(account) as begun:
        yield begun


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
            if homes.is_as_given(path):
                continue  # as most tests leave the home of the account that they do without
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
        where = cwd or project
        return as_user.nono(*arguments, cwd=where, env=env, input=input, timeout=timeout)

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
    examples.draw_accounts(items)
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


@contextlib.contextmanager
def _begun(account: Account) -> Iterator[Account]:
    """The account, once nono has been started by it for the first time."""
    account(account.python, "-P", "-m", "nono.supervisor", "run", "--", "true")
    before, switch = account.starting(account.environment)
    how = before, account.python, account.environment
    forks = Forks("command", *how, cwd=account.home, **switch)
    hosts = Forks("library", *how, cwd=account.home, **switch)
    homes.set_aside(account.home)
    yield replace(account, forks=forks, hosts=hosts)
    forks.end()
    hosts.end()


def _import_nono(account: Account, python: str) -> str | None:
    """Why `account` cannot import the project with this interpreter; None if it can."""
    modules = ", ".join(f"nono.{name}" for name in PACKAGES)
    try:
        done = account(python, "-c", f"import {modules}")
    except OSError as error:  # a directory above the interpreter is closed to this user
        return str(error)
    return done.stderr if done.returncode else None
