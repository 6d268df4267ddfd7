"""What people keep in their homes, written down without looking at the project's own list.

Each file is asked for by itself; then all of them lie in a home, and a program in the sandbox
looks for what is in them by every name that it can find.
"""

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nono.broker import Access, Allow, Deny, Open, Operation, PathChange, default_groups, group
from nono.supervisor import Options, make_plan
from nono.supervisor.decisions.tree import RealTree
from nono.supervisor.linux.calls.resolving.caller import Caller
from tests.broker.worlds import access_at
from tests.conftest import BY_A_USER, Account, Nono

SURVEY = Path(__file__).with_name("typical_secrets.txt")
TYPICAL = [line for line in SURVEY.read_text().splitlines() if line and line[0] != "#"]
PROTECTED = [
    entry.removeprefix("~/")
    for name in default_groups()
    for entry in group(name).deny
    if entry.startswith("~/")
]
ME = Caller(os.getpid(), 0)
LEAK = "this-is-a-secret-"
PLAIN = "this-is-no-secret"
_PART = 4

LOOK = f"""
grep -rs {LEAK} "$HOME"
cd "$HOME" && grep -Rs {LEAK} .
grep -rs {LEAK} /proc/self/cwd/ /proc/self/root"$HOME"/ names/
cat names/* names/*/* 2>/dev/null | grep {LEAK}
tar -cf - . 2>/dev/null | tr -d '\\0' | grep -o {LEAK}
cat notes.txt
"""
MOVE = f"""
cd "$HOME"
for name in .[!.]* *; do mv "$name" "moved-$name"; done 2>/dev/null
for name in .config/* .local/share/* .cache/*; do mv "$name" moved; done 2>/dev/null
for name in .netrc .pgpass .Xauthority; do ln "$name" "copy$name"; ln -s "$name" "link$name"; done
{LOOK}
"""


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """An empty one, and one in which everything is there."""
    empty, full = (tmp_path_factory.mktemp(name) for name in ("empty", "full"))
    for name in TYPICAL:
        (full / name).parent.mkdir(parents=True, exist_ok=True)
        (full / name).touch()
    return [empty, full]


@pytest.fixture(scope="module", params=["read", "allow"])
def policies(request: pytest.FixtureRequest, homes: list[Path]) -> list[tuple[Path, Options]]:
    given: dict[Path, Any] = {home: {request.param: (str(home),)} for home in homes}
    return [(home, Options(**options, workdir="/")) for home, options in given.items()]


def test_the_survey_is_one() -> None:
    assert len(TYPICAL) == len(set(TYPICAL)) > 500


def test_each_typical_secret_is_refused(policies: list[tuple[Path, Options]]) -> None:
    leaks = []
    for home, options in policies:
        env = {"HOME": str(home), "PATH": "/usr/bin"}
        policy = make_plan(options, [], env).policy
        floor = policy.floor(RealTree())
        assert isinstance(policy.decide(Open(ME, f"{home}/notes", Access.READ)), Allow)
        for name in TYPICAL:
            path = f"{home}/{name}"
            moved = PathChange(ME, Operation.RENAME_FROM, path, target=f"{home}/moved")
            for request in (Open(ME, path, Access.READ), Open(ME, path, Access.WRITE), moved):
                verdict = policy.decide(request)
                if not (isinstance(verdict, Deny) and verdict.rule.protected):
                    leaks.append(name)
            if access_at(floor, path):
                leaks.append(f"{name} (the kernel)")
    assert not leaks


def test_base_directories_elsewhere(tmp_path: Path) -> None:
    """Programs follow the variables of XDG, and so do the refusals."""
    bases = {
        ".config": "XDG_CONFIG_HOME",
        ".local/share": "XDG_DATA_HOME",
        ".local/state": "XDG_STATE_HOME",
        ".cache": "XDG_CACHE_HOME",
    }
    env = {"HOME": str(tmp_path / "home"), "PATH": "/usr/bin"}
    env |= {name: str(tmp_path / name) for name in bases.values()}
    (tmp_path / "home").mkdir()
    policy = make_plan(Options(read=(str(tmp_path),), workdir="/"), [], env).policy
    count = 0
    for name in TYPICAL:
        for base, variable in bases.items():
            if name.startswith(f"{base}/"):
                count += 1
                for place in (tmp_path / name.replace(base, variable, 1), tmp_path / "home" / name):
                    verdict = policy.decide(Open(ME, str(place), Access.READ))
                    assert isinstance(verdict, Deny) and verdict.rule.protected, place
    assert count > 150


def _filled(account: Account, home: Path) -> int:
    """Put a secret in what is protected and what is typical; how many there are.

    A part of it, drawn by lot: of each one the policy is asked above.
    """
    count = 0
    names = sorted({*TYPICAL, *PROTECTED})
    chosen = {".ssh/id_ed25519", *random.sample(names, len(names) // _PART)}
    for name in sorted(chosen, reverse=True):  # what is in a directory before that
        path = home / name
        if path.is_dir():
            path /= "secret.txt"
        if not path.exists():
            count += 1
            account.file(path, f"{LEAK}{count}\n", 0o600)
    account.file(home / "notes.txt", PLAIN + "\n")
    return count


@pytest.fixture
def home(as_user: Account, project: Path) -> Iterator[Path]:
    """A home with every secret, and links to what is protected under other names."""
    home = as_user.directory(project / "home")
    assert _filled(as_user, home) > 300
    names = as_user.directory(home / "names")
    for number, name in enumerate(PROTECTED[::7]):
        (names / str(number)).symlink_to(home / name)
    yield home


# All that looks is in what moves, too: root, who may do it all, does that.
ATTACKS = {"user": {"--read": LOOK, "--allow": MOVE}, "root": {"--allow": MOVE}}


def test_nothing_leaks_from_a_home_by_any_name(as_user: Account, nono: Nono, home: Path) -> None:
    env = {"HOME": str(home)}
    bare = as_user("sh", "-c", LOOK, env=env)
    assert bare.stdout.count(LEAK) > 600 and PLAIN in bare.stdout
    for option, program in ATTACKS["user" if as_user.uid else "root"].items():
        done = nono("run", option, home, "--", "sh", "-c", program, env=env, cwd=home)
        assert LEAK not in done.stdout + done.stderr, option
        if program == LOOK:
            assert PLAIN in done.stdout
        assert (home / ".ssh/id_ed25519").read_text().startswith(LEAK), option


@BY_A_USER
def test_nothing_leaks_from_a_home_of_links(as_user: Account, nono: Nono, project: Path) -> None:
    """Many keep such files elsewhere, with links in their places."""
    home, kept = as_user.directory(project / "home"), as_user.directory(project / "home/kept")
    for number, name in enumerate(name for name in PROTECTED if name.count("/") < 2):
        target = kept / f"file-{number}"
        if number % 2:
            as_user.file(target, f"{LEAK}{number}\n", 0o600)
        else:
            as_user.file(target / "secret.txt", f"{LEAK}{number}\n", 0o600)
        path = as_user.directory((home / name).parent) / Path(name).name
        path.symlink_to(os.path.relpath(target, path.parent) if number % 3 else target)
    as_user.file(home / "notes.txt", PLAIN + "\n")
    as_user.directory(home / "names")
    env = {"HOME": str(home)}
    assert as_user("sh", "-c", LOOK, env=env).stdout.count(LEAK) > 1000
    for option in ("--read", "--allow"):
        done = nono("run", option, home, "--", "sh", "-c", LOOK, env=env, cwd=home)
        assert LEAK not in done.stdout + done.stderr, option
        assert PLAIN in done.stdout, option
