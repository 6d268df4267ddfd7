"""Odd arguments for every brokered call: nothing outside changes, and nono stays sound."""

import ast

import pytest

from nono.shims.linux.syscall_classes import SyscallClass, machine, table
from tests.attacks.conftest import Attack
from tests.attacks.scene import Scene
from tests.conftest import Account

SEED = 20_261_123
TURNS = 250
GIVING_UP = {"landlock_restrict_self", "capset"}
"""Whoever made one of these gets nothing performed any more: test_own_landlock.py has them."""

PRIVATE_DEV = """
mount -t tmpfs -o mode=755 none /dev
for node in null:3 zero:5 full:7 random:8 urandom:9; do
    mknod -m 666 "/dev/${node%:*}" c 1 "${node#*:}"
done
mknod -m 666 /dev/tty c 5 0
mkdir -m 1777 /dev/shm
exec "$@"
"""
"""Devices that may be broken: for root, nono alone stands between the program and the real ones."""


@pytest.mark.lots(kind="place")
def test_odd_arguments_do_no_harm(scene: Scene, attack: Attack, as_user: Account) -> None:
    known = table(machine())
    classes = {name: call.syscall_class for name, call in known.items()}
    brokered = [n for n, c in classes.items() if c is SyscallClass.NOTIFY and n not in GIVING_UP]
    targets = (scene.file, scene.directory, scene.plain)
    private = ("unshare", "--mount", "sh", "-ec", PRIVATE_DEV, "sh") if as_user.uid == 0 else ()
    outcome = attack(scene, "fuzz", SEED, TURNS, *targets, *brokered, prefix=private)
    assert outcome.won == []
    assert len(ast.literal_eval(outcome.attempts["errors"])) > 15
    assert len(ast.literal_eval(outcome.attempts["done"])) > 30
