"""Names with a second meaning: a granted path, a process's number, another mount of procfs."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.attacks.conftest import Attack
from tests.attacks.scene import Scene
from tests.conftest import Account

LAST_PID = Path("/proc/sys/kernel/ns_last_pid")


def test_what_is_granted_keeps_its_name(
    outside: Scene, as_user: Account, attack: Attack, programs: Path
) -> None:
    file = as_user.file(outside.base / "single.txt", "granted\n")
    options = ("--allow", outside.work, "--allow-file", file, "--read", programs)
    arguments = (outside.work, file, outside.file)
    assert attack(outside, "replace_grants", *arguments, options=options).won == []
    assert outside.work.is_dir() and not outside.work.is_symlink()


@pytest.mark.skipif(
    os.geteuid() != 0 or not LAST_PID.exists(), reason="only root chooses a process's number"
)
@pytest.mark.parametrize("as_user", ["root"], indirect=True)
def test_a_process_number_that_becomes_anothers(
    outside: Scene, attack: Attack, partner: Callable[..., None]
) -> None:
    partner(outside)
    assert attack(outside, "reused_process", outside.work).won == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")
def test_another_mount_of_procfs(
    outside: Scene, as_user: Account, attack: Attack, partner: Callable[..., None]
) -> None:
    mounted = as_user.directory(outside.base / "mounted")
    subprocess.run(["mount", "-t", "proc", "proc", mounted], check=True)
    try:
        partner(outside)
        outcome = attack(outside, "mounted_proc", outside.work, mounted)
    finally:
        subprocess.run(["umount", mounted], check=True)
    assert outcome.won == []
