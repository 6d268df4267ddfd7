"""Putting this process under a profile, and asking what a profile would answer to another.

A process that is in a sandbox stays in it, and so do all that it starts: there is no way back, and
none into a second one. Sources: sandbox(7), sandbox_init(3), and how programs that are public use
the two calls that have no page.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping

from nono.shims.errors import ShimError, failure
from nono.shims.macos.library import ffi, library

_TEXT = 0
"""The flags of sandbox_init_with_parameters: the profile is text, and no name of one."""
_MAX_ERROR = 2000

PATH = 1
SERVICE = 2
_NONE = 0
_NO_REPORT = 0x40000000
"""The types of sandbox_check: what the third argument is; and that nothing is to be logged."""


class ProfileRefused(ShimError):
    """The kernel, or the interpreter of profiles, does not take a profile; `number` is an errno."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"sandbox_init(3): {why}", "nono setup --check")
        self.number = number


def enter(profile: str, parameters: Mapping[str, str]) -> None:
    """From now on this process is held by the profile. Raises ProfileRefused, ShimError.

    `parameters` are the values of what the text calls by name. They are taken as they are.
    """
    loaded = library()
    words = [ffi.new("char[]", each.encode()) for pair in parameters.items() for each in pair]
    given = ffi.new("char *[]", [*words, ffi.NULL])
    error = ffi.new("char **")
    if loaded.sandbox_init_with_parameters(profile.encode(), _TEXT, given, error) == 0:
        return
    number = ffi.errno or errno.EPERM
    why = failure(number).strerror or ""
    if error[0] != ffi.NULL:
        why = ffi.string(error[0], _MAX_ERROR).decode(errors="replace").strip() or why
        loaded.sandbox_free_error(error[0])
    raise ProfileRefused(number, why)


def is_held(pid: int) -> bool:
    """True when the process is in some sandbox. Raises OSError when nobody can tell."""
    return _check(pid, ffi.NULL, _NONE)


def refuses(pid: int, operation: str, what: str, kind: int = PATH) -> bool:
    """True when the sandbox that the process is in, if any, refuses the operation.

    `what` is a path, or the name of a service, as `kind` says. Nothing is done, and nothing logged.
    Raises OSError: ESRCH where there is no such process.
    """
    named = ffi.new("char[]", what.encode())
    return _check(pid, operation.encode(), kind | _NO_REPORT, named)


def _check(pid: int, operation: object, kind: int, *more: object) -> bool:
    answer: int = library().sandbox_check(pid, operation, kind, *more)
    if answer not in (0, 1):
        raise failure(ffi.errno or errno.ESRCH)
    return answer == 1
