"""Errors of the shims, other than the OSError of a system call."""

from __future__ import annotations

import os
from functools import cache


class ShimError(Exception):
    """A kernel interface cannot be used. `hint` says what a person can do about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(f"{message}\nhint: {hint}")
        self.message = message
        self.hint = hint


class UnsupportedMachineError(ShimError):
    """The processor architecture of this process has no table of system calls."""

    def __init__(self, machine: str, bits: int) -> None:
        super().__init__(
            f"a {bits}-bit process on {machine} cannot be sandboxed: "
            "the system call filter knows 64-bit x86_64 and aarch64 only",
            "use a 64-bit Python on an x86_64 or aarch64 machine",
        )


class FilterError(ShimError):
    """The seccomp filter cannot be built."""


def failure(number: int) -> OSError:
    """The OSError of this errno with its usual text, as a system call raises it."""
    return OSError(number, error_text(number))


@cache
def error_text(number: int) -> str:
    """The usual text of an errno, as strerror(3) has it."""
    return os.strerror(number)
