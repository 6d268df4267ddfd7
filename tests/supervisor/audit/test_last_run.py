"""`nono why --last` tells what the run's own report told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Secret, program_beside
from tests.supervisor.audit.conftest import Sessions

pytestmark = [pytest.mark.requires(landlock=2), BY_A_USER]

PROGRAM = program_beside(__file__, "refused.py")


def test_the_same_words(
    sessions: Sessions, as_user: Account, secret: Callable[[str], Secret]
) -> None:
    secret(".ssh/id_rsa")
    as_user.directory(as_user.home / "made")
    options = ("--deny", "**/.env", "--allow-domain", "api.example.org")
    command = ("--", "python3", "-c", PROGRAM)
    reported = sessions("run", "--allow-cwd", *options, *command)
    assert reported.stderr.startswith("nono: ")
    told = sessions("why", "--last")
    assert told.returncode == 1
    head, *lines = told.stdout.splitlines()
    assert head.startswith(f"session {sessions.paths()[-1].name}: python3 -c ")
    assert lines == reported.stderr.splitlines()


def test_the_same_json(
    sessions: Sessions, as_user: Account, secret: Callable[[str], Secret]
) -> None:
    secret(".ssh/id_rsa")
    reported = sessions("run", "--json", "--allow-cwd", "--", "python3", "-c", PROGRAM)
    told = json.loads(sessions("why", "--last", "--json").stdout)
    expected = json.loads(reported.stderr)
    for record in (told, expected):
        record.pop("audit")
    assert told == expected


@pytest.mark.requires(commands=["git"])
def test_the_same_of_what_more_than_the_policy_decides(
    sessions: Sessions, as_user: Account, project: Path
) -> None:
    """git's setting is refused by a rule of the policy, for a reason that this does not have."""
    assert as_user("git", "init", "-q", project).returncode == 0
    command = ("git", "-C", project, "config", "core.hooksPath", "/tmp/x")
    reported = sessions("run", "--allow-cwd", "--", *command)
    config = project / ".git/config"
    assert f"(.git/config)  hint: --bypass-protection {config}\n" in reported.stderr
    last = sessions("why", "--last").stdout.splitlines()[1:]
    assert last == [
        each for each in reported.stderr.splitlines() if "nono" in each or "hint" in each
    ]


def test_nothing_was_refused(sessions: Sessions) -> None:
    assert sessions("why", "--last").returncode == 2
    sessions("run", "--allow-cwd", "--", "true")
    told = sessions("why", "--last")
    assert (told.returncode, told.stdout.splitlines()[1]) == (0, "nothing was refused")
