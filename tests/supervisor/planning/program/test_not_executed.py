"""What is said of a file that the kernel does not execute."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from nono.supervisor.planning.program.not_executed import diagnose


@pytest.mark.parametrize(
    ("bits", "machine", "is_told"), [(1, 3, True), (1, 62, True), (1, 8, False), (2, 62, False)]
)
def test_a_program_of_32_bits(tmp_path: Path, bits: int, machine: int, is_told: bool) -> None:
    """`nono why` would say that its own file may be executed: it is its loader that may not."""
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF" + bytes([bits, 1, 1, *[0] * 9, 2, 0, machine, 0]))
    program.chmod(0o755)
    found = diagnose(["./program"], errno.EACCES, str(program), str(tmp_path))
    assert ("32-bit" in found.what, found.hint == f"file {program}") == (is_told, is_told)
