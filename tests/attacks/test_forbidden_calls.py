"""System calls that are refused whatever their arguments, or for some of them."""

import ctypes
import os
import platform
import signal
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from nono.shims.linux.syscall_classes import machine, number
from tests.attacks.conftest import Attack, Outcome
from tests.attacks.scene import Scene
from tests.conftest import Nono

REFUSALS = {"EPERM", "ENOSYS"}
OTHERS = {
    "socket": {"EAFNOSUPPORT", "EPROTONOSUPPORT", "ESOCKTNOSUPPORT"},
    "seccomp": {"EBUSY"},
}
HANDLE_SIZE = 128


def handle_of(path: Path) -> tuple[str, str]:
    """A file handle's type and bytes, as name_to_handle_at(2) tells them."""
    buffer = ctypes.create_string_buffer(8 + HANDLE_SIZE)
    struct.pack_into("=I", buffer, 0, HANDLE_SIZE)
    where = (ctypes.c_long(number(machine(), "name_to_handle_at")), -100, os.fsencode(path))
    assert ctypes.CDLL(None).syscall(*where, buffer, ctypes.byref(ctypes.c_int()), 0) == 0
    size, kind = struct.unpack_from("=Ii", buffer)
    return str(kind), buffer.raw[8 : 8 + size].hex()


def test_forbidden_calls_are_refused(outside: Scene, attack: Attack) -> None:
    outcome = attack(outside, "forbidden_calls", *handle_of(outside.file))
    wrong = {
        name: result
        for name, result in outcome.attempts.items()
        if result not in OTHERS.get(name.split()[0].removesuffix("pair"), REFUSALS)
    }
    assert wrong == {}


@pytest.mark.skipif(platform.machine() != "x86_64", reason="calls of another kind on x86_64 only")
@pytest.mark.requires(commands=["gcc"])
@pytest.mark.parametrize("program", ["int80", "x32"])
def test_calls_of_another_architecture_kill(
    program: str, outside: Scene, nono: Nono, programs: Path
) -> None:
    command = programs / "programs" / program
    done = nono("run", *outside.options, "--", command, outside.file, cwd=outside.work)
    assert done.stdout == "ready\n"
    assert done.returncode == -signal.SIGSYS
    assert "SIGSYS ended the program, as it ends what makes a call that is none of" in done.stderr


@pytest.mark.skipif(platform.machine() != "x86_64", reason="calls of another kind on x86_64 only")
@pytest.mark.requires(commands=["gcc"])
def test_int80_is_a_way_to_open(outside: Scene, unconfined: Callable[..., Outcome]) -> None:
    assert outside.secrets[0] in unconfined(outside, "int80", outside.file).text
