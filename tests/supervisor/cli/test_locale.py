"""The program is in the locale that its caller was in, whatever nono's interpreter made of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account

NAMES = ("LC_CTYPE", "LANG", "LC_ALL")
GIVEN = [
    {},
    {"LANG": "C"},
    {"LC_CTYPE": "C"},
    {"LC_CTYPE": ""},
    {"LC_CTYPE": "C.UTF-8"},
    {"LC_ALL": "C"},
    {"LANG": "C.UTF-8"},
]


@pytest.mark.requires(landlock=1)
@BY_A_USER
@pytest.mark.parametrize("given", GIVEN, ids=str)
def test_it_is_as_it_was_given(as_user: Account, project: Path, given: dict[str, str]) -> None:
    bare = (word for name in NAMES for word in ("-u", name))
    words = (f"{name}={value}" for name, value in given.items())
    nono = (as_user.python, "-P", "-m", "nono.supervisor", "run", "--", "env")
    done = as_user("/usr/bin/env", *bare, *words, *nono, cwd=project)
    assert done.returncode == 0, done.stderr
    found = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert {name: found[name] for name in NAMES if name in found} == given


@pytest.mark.requires(landlock=1)
@BY_A_USER
def test_names_are_of_utf8_in_every_locale(as_user: Account, project: Path) -> None:
    """Or a refusal in a profile was of another file. The environment stays as it was."""
    as_user.file(project / "\u00fc", "secret")
    denied = ["$WORKDIR/\u00fc"]
    profile = {"workdir": {"access": "readwrite"}, "filesystem": {"deny": denied}}
    named = as_user.file(project.parent / f"{project.name}.json", json.dumps(profile))
    other = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    nono = (as_user.python, "-P", "-m", "nono.supervisor", "run", "-p", named, "--")
    done = as_user(*nono, "sh", "-c", "env; cat *", cwd=project, env=other)
    assert done.returncode == 1 and "secret" not in done.stdout and "denied by" in done.stderr
    assert {f"{name}={value}" for name, value in other.items()} <= {*done.stdout.splitlines()}
