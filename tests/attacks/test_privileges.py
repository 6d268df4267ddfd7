"""Nothing gives privileges: not set-user-ID programs, not capset; memory is not a way out."""

import os
import shutil
from pathlib import Path

import pytest

from tests.attacks.conftest import Attack
from tests.attacks.scene import Scene
from tests.conftest import Account

KEPT = 0x0B
"""CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER"""
NOBODY = 65534


@pytest.mark.requires(commands=["gcc"])
def test_no_way_to_more_privileges(
    outside: Scene, as_user: Account, attack: Attack, programs: Path
) -> None:
    program = programs / "programs" / "identity"
    setuid = outside.base / "readable" / "setuid"
    shutil.copy(program, setuid)
    if os.geteuid() == 0:
        os.chown(setuid, NOBODY if as_user.uid == 0 else 0, 0)
    setuid.chmod(0o6755)
    outside.file.chmod(0o755)
    said = attack(outside, "privileges", outside.work, program, setuid, outside.file)
    assert said.won == []
    mask = KEPT if as_user.uid == 0 else 0
    for name in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
        assert int(said.attempts[name], 16) & ~mask == 0, name
    assert (said.attempts["NoNewPrivs"], said.attempts["Seccomp"]) == ("1", "2")
    for name in ("who", "set-user-ID", "memory"):
        assert said.attempts[name] == f"{as_user.uid} {as_user.uid} 1", name
