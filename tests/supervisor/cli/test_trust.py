"""`nono trust`, and runs that go by what was accepted: nothing else, and nothing that changed."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import TIMEOUT, Account, Nono

TABLE = '[tool.nono.workdir]\naccess = "readwrite"\n[tool.nono.network]\nblock = true\n'
SCRIPT = """#!/usr/bin/env -S nono run --
# /// script
# dependencies = []
# [tool.nono.environment.set_vars]
# GIVEN = "by the header"
# ///
import os, sys
print(os.environ["GIVEN"], sys.argv[1:])
"""


def accept(nono: Nono, *file: str) -> None:
    """As a script does: read it, and name just that."""
    shown = nono("trust", *file)
    assert shown.returncode == 1, shown
    digest = re.findall(r"--accept ([0-9a-f]{64}) ", shown.stdout)
    assert nono("trust", "--accept", *digest, *file).returncode == 0


@pytest.mark.requires(landlock=2)
def test_a_project_from_its_first_run_to_a_change_by_a_sandbox(
    nono: Nono, project: Path, as_user: Account
) -> None:
    file = as_user.file(project / "pyproject.toml", TABLE)
    first = nono("run", "--", "true")
    assert first.returncode == 125 and "nobody accepted" in first.stderr
    assert nono("run", "--no-project", "--", "true").returncode == 0
    assert nono("run", "--profile", "python-dev", "--", "true").returncode == 0
    accept(nono)
    change = "sed -i s/readwrite/none/ pyproject.toml && echo changed"
    done = nono("run", "--", "sh", "-c", change)
    assert done.stdout == "changed\n", done.stderr
    refused = nono("run", "--", "true")
    assert refused.returncode == 125 and "is not what was accepted" in refused.stderr
    assert '-    "access": "readwrite"' in refused.stderr
    assert '+    "access": "none"' in refused.stderr
    assert nono("why", "--path", ".").returncode == 2
    # Nor does a sandbox accept it for itself, or read what was.
    file.write_text(TABLE)
    tried = nono("run", "--", "sh", "-c", 'ls -a "$HOME/.local/state/nono"')
    assert tried.returncode != 0 and "accepted" not in tried.stdout
    said = nono("run", "--dry-run", "--", "true").stdout
    assert f"[profile workdir.access in {file} [tool.nono]]" in said
    why = nono("why", "--path", "x", "--op", "create")
    assert why.returncode == 0 and f"workdir.access in {file} [tool.nono]" in why.stdout
    shown = nono("profile", "show", "./pyproject.toml")
    assert f"workdir.access in {file} [tool.nono]" in shown.stdout, shown.stderr
    file.unlink()
    assert "is gone" in nono("run", "--", "true").stderr
    assert nono("trust", "--known").stdout == f"{file}\n"
    assert nono("trust", "--forget").returncode == 0
    assert nono("trust", "--known").stdout == "no file is accepted\n"
    assert nono("run", "--", "true").returncode == 0


@pytest.mark.requires(landlock=2)
def test_a_script_that_names_nono_in_its_first_line(
    nono: Nono, project: Path, as_user: Account
) -> None:
    script = as_user.file(project / "tool.py", SCRIPT, 0o755)
    starting = f'#!/bin/sh\nexec {as_user.python} -P -m nono.supervisor "$@"\n'
    command = as_user.file(project / "bin/nono", starting, 0o755)
    path = {"PATH": f"{command.parent}:{as_user.environment['PATH']}"}
    assert "nobody accepted" in as_user(script, "x", cwd=project, env=path).stderr
    accept(nono, "tool.py")
    for named in (script, "./tool.py"):
        done = as_user("sh", "-c", f"{named} x y", cwd=project, env=path)
        assert done.stdout == "by the header ['x', 'y']\n", done.stderr
    assert nono("run", "tool.py", "z").stdout == "by the header ['z']\n"


def test_what_is_shown_moves_no_cursor_and_looks_like_nothing_else(
    nono: Nono, project: Path, as_user: Account
) -> None:
    hidden = "\\u001b[8m\\u202e\\u0430"
    text = (
        f'[tool.nono.filesystem]\nread = ["/srv/{hidden}"]\n[tool.nono.meta]\nname = "{hidden}"\n'
    )
    as_user.file(project / "pyproject.toml", text)
    shown = nono("trust").stdout
    assert shown.isascii() and all(line.isprintable() for line in shown.splitlines())
    assert shown.count("\\u0430") >= 3


def test_what_comes_with_nono_is_counted_and_the_rest_is_shown(
    nono: Nono, project: Path, as_user: Account
) -> None:
    """A person reads it before each acceptance: no 60 hosts, and no 60 variables of its caches."""
    text = (
        '[tool.nono]\nextends = "python-dev"\n[tool.nono.network]\nallow_domain = ["x.example"]\n'
    )
    own = '[tool.nono.environment.set_vars]\nPIP_CACHE_DIR = "/srv/other"\n'
    as_user.file(project / "pyproject.toml", text + own)
    shown = nono("trust").stdout.partition("a run would get")[2]
    assert re.search(r"allow connect: [0-9]+ hosts  \[group package_registries ", shown), shown
    assert "allow connect: x.example (ports 80 and 443)  [profile network.allow_domain" in shown
    assert re.search(r"caches of the sandbox's own, .*, by [0-9]+ variables", shown), shown
    assert re.findall("variable .*", shown) == ["variable PIP_CACHE_DIR=/srv/other"]


def test_what_may_never_be_opened_is_not_asked_about(
    nono: Nono, project: Path, as_user: Account
) -> None:
    text = '[tool.nono.filesystem]\nread = ["~/.ssh", "~"]\nbypass_protection = ["~/.ssh"]\n'
    as_user.file(project / "pyproject.toml", text)
    done = nono("trust")
    assert done.returncode == 2 and done.stdout == ""
    for why in ("what is protected stays protected", "deny_credentials", "your whole home"):
        assert why in done.stderr, done.stderr
    assert nono("trust", "--accept", "0" * 64).returncode == 2
    assert nono("trust", "no-such-file").returncode == 2


def _at_terminal(account: Account, project: Path, typed: Callable[[str], str | None]) -> str:
    """What `nono trust` writes to a terminal; `typed` is asked after each part what to type."""
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        [account.python, "-P", "-m", "nono.supervisor", "trust"],
        cwd=project,
        env={**account.environment, "TERM": "xterm"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        **account.switch,
    )
    os.close(terminal)
    seen, end = "", time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        if (word := typed(seen)) is not None:
            os.write(master, word.encode())
        if not select.select([master], [], [], 0.2)[0]:
            if process.poll() is not None:
                break
            continue
        try:
            seen += os.read(master, 65536).decode(errors="replace")
        except OSError:
            break
    os.close(master)
    process.wait(TIMEOUT)
    return seen


def test_a_person_at_a_terminal(project: Path, as_user: Account) -> None:
    as_user.file(project / "pyproject.toml", TABLE)
    early, late = ["y\n"], ["n\n"]

    def typed(seen: str) -> str | None:
        if "May runs go by this?" in seen:
            return late.pop() if late else None
        return early.pop() if early else None

    # What was typed before the question is no answer to it.
    seen = _at_terminal(as_user, project, typed)
    assert "not accepted" in seen and "\x1b[0m" in seen and not late
    late.append("y\n")
    seen = _at_terminal(as_user, project, typed)
    assert re.search(r"\r\naccepted\r\n", seen), seen
