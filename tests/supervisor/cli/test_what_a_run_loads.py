"""A run imports what it needs and no more: told by names, since times differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Account, Finished

TELLING = """
import atexit, sys
before = {*sys.modules}
atexit.register(lambda: print(*({*sys.modules} - before), file=sys.stderr))
from nono.supervisor.cli.main import main
main(sys.argv[1:])
"""

HEAVY = {
    *("_ctypes", "asyncio", "cffi", "click", "concurrent.futures", "cryptography", "ctypes"),
    *("dataclasses", "dns", "email", "h11", "hmac", "html", "http", "idna", "importlib.metadata"),
    *(
        "importlib.resources",
        "inspect",
        "jsonschema",
        "keyring",
        "logging",
        "multiprocessing",
        "pkgutil",
    ),
    *("platform", "pycparser", "pydantic", "pyseccomp", "pyte", "sqlite3", "ssl", "subprocess"),
    *("traceback", "trio", "typing", "urllib", "uuid", "xml", "zipfile"),
}
"""Others' modules that a run needs only for a feature, if at all."""
ROOMS = (
    *("nono.broker.asking.", "nono.broker.credentials.", "nono.broker.learning."),
    *("nono.broker.profile.", "nono.shims.macos.", "nono.supervisor.credentials."),
    *("nono.supervisor.learning.", "nono.supervisor.linux.network.", "nono.supervisor.macos."),
    "nono.supervisor.network.",
)
"""Rooms that the run of a program without options has nothing from."""
SELDOM = {
    *("array", "bisect", "contextvars", "copy", "datetime", "enum", "fnmatch"),
    *("importlib.machinery", "ipaddress", "math", "msgpack", "selectors", "shlex", "signal"),
    *("socket", "termios", "unicodedata", "warnings", "zlib"),
    *("nono.broker.caches", "nono.supervisor.asking.channels", "nono.supervisor.cli.commands"),
    *("nono.supervisor.linux.calls.files.metadata", "nono.supervisor.linux.calls.sockets.sockets"),
    *("nono.supervisor.linux.calls.own.made_sockets", "nono.supervisor.linux.machine_check"),
    *(
        "nono.supervisor.planning.profiles.kept_answers",
        "nono.supervisor.planning.program.not_executed",
    ),
    "nono.supervisor.planning.profiles.profile_files",
}
_OF_RE = {"enum", "warnings"}
_TRIES = 5
_MAX_OWN = 240
"""Of nono's own; each costs a start a third of a millisecond, a room's docstring a tenth of one."""
_MAX_OWN_OF_KEPT = 182
"""Where the policy is kept from an earlier start."""
_OF_POLICIES = {
    *("nono.broker.floor.carve", "nono.supervisor.decisions.always"),
    *("nono.supervisor.planning.make_plan", "nono.supervisor.planning.projects.start_files"),
}


@pytest.mark.requires(landlock=2)
def test_what_is_not_used_is_not_loaded(as_user: Account, project: Path) -> None:
    """Also by a run of more than a moment: what serves waiting calls is loaded for the first."""
    run = ("run", "--allow-cwd", "--", "sleep", "0.15")
    # The first one ever compiles the filter, and keeps it.
    assert as_user(as_user.python, "-m", "nono.supervisor", *run, cwd=project).returncode == 0
    done = as_user(as_user.python, "-P", "-c", TELLING, *run, cwd=project)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stderr.split())
    assert "nono.supervisor.linux.calls.files.execute" in loaded
    # Who may not keep nono's own expressions compiles them, and loads what that takes.
    assert sorted(loaded & (HEAVY | SELDOM - (_OF_RE if "re" in loaded else set()))) == []
    assert not {name for name in loaded if name.startswith(ROOMS)}
    own = sorted(name for name in loaded if name.startswith("nono."))
    assert len(own) <= _MAX_OWN, own


@pytest.mark.requires(landlock=2)
def test_what_makes_policies_is_not_loaded_for_one_that_is_kept(
    as_user: Account, project: Path
) -> None:
    run = ("run", "--allow-cwd", "--", "sleep", "0.15")
    for _ in range(_TRIES):  # others of this user's may change the home meanwhile
        done = as_user(as_user.python, "-P", "-c", TELLING, *run, cwd=project)
        loaded = set(done.stderr.split())
        if loaded.isdisjoint(_OF_POLICIES):
            break
    assert loaded.isdisjoint(_OF_POLICIES)
    own = sorted(name for name in loaded if name.startswith("nono."))
    assert len(own) <= _MAX_OWN_OF_KEPT, own


@pytest.mark.requires(landlock=2)
def test_a_profile_that_is_kept_is_read_without_what_reads_profiles(
    as_user: Account, project: Path
) -> None:
    run = ("run", "--profile", "python-dev", "--", "true")
    assert as_user(as_user.python, "-m", "nono.supervisor", *run, cwd=project).returncode == 0
    done = as_user(as_user.python, "-P", "-c", TELLING, *run, cwd=project)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stderr.split())
    assert "nono.supervisor.planning.profiles.kept_profiles" in loaded
    seldom = {"copy", "datetime", "locale", "msgpack", "nono.broker.profile.jsonc", "shlex"}
    assert sorted(loaded & (HEAVY | seldom)) == []


def _imported(done: Finished) -> set[str]:
    """By `-X importtime`."""
    assert done.returncode == 0, done.stderr
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}


@pytest.mark.requires(landlock=2)
@pytest.mark.parametrize("as_user", ["root"], indirect=True)
def test_expressions_that_are_kept_need_no_re(as_user: Account, project: Path) -> None:
    """Once they are kept, where that can be; other runs write the same file meanwhile."""
    command = (as_user.python, "-X", "importtime", "-P")
    bare = _imported(as_user(*command, "-c", "pass"))
    run = ("-m", "nono.supervisor", "run", "--allow-cwd", "--", "true")
    tries = (_imported(as_user(*command, *run, cwd=project)) - bare for _ in range(_TRIES))
    assert any("re" not in each for each in tries)
