"""Descriptors: inherited ones, ones without access, ones that were sent, and our own input."""

import json
import os
import subprocess
from pathlib import Path

from tests.attacks.conftest import command
from tests.attacks.scene import Scene
from tests.conftest import TIMEOUT, Account


def test_descriptors_give_no_more_than_they_are_open_for(
    outside: Scene, as_user: Account, programs: Path
) -> None:
    before = outside.snapshot()
    switch = os.geteuid() != as_user.uid
    with outside.plain.open("rb") as plain, outside.file.open("rb") as secret:
        options = ("run", "--json", *outside.options, "--")
        attack = command(programs, "descriptors", (outside.work, outside.file, outside.plain))
        done = subprocess.run(
            [as_user.python, "-P", "-m", "nono.supervisor", *options, *attack],
            stdin=plain,
            pass_fds=[secret.fileno()],
            cwd=outside.work,
            env={**as_user.environment, "PYTHONPATH": str(programs)},
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            user=as_user.uid if switch else None,
            group=as_user.gid if switch else None,
            extra_groups=[] if switch else None,
        )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stderr.splitlines()[-1])["internal_errors"] == []
    assert "WON" not in done.stdout
    assert "input\tTrue\tas it was" in done.stdout
    assert not [text for text in outside.secrets if text in done.stdout + done.stderr]
    assert outside.snapshot() == before
