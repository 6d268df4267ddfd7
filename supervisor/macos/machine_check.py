"""What a Mac gives, found by trying: `nono setup --check` there."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator

from nono.shims.errors import ShimError
from nono.shims.macos import enter, log
from nono.shims.macos.library import library
from nono.shims.macos.sbpl import Allow, Literal, Named, Profile
from nono.supervisor.finding import Finding
from nono.supervisor.macos.launch.ending import mark_of

_TAG = "nono-check"
_ALLOWED, _REFUSED = "/", "/private/etc/passwd"
_WORKS, _DOES_NOT_HOLD, _CANNOT_ASK = 0, 1, 2


def examine() -> Iterator[Finding]:
    """One look after the other; what is needed and missing ends it."""
    yield Finding("macOS", f"{platform.mac_ver()[0] or 'unknown'} on {platform.machine()}", True)
    try:
        library()
        nested = enter.is_held(os.getpid())
    except (ShimError, OSError) as error:
        yield Finding("libsandbox", str(error), False, "nothing can be started")
        return
    yield Finding("libsandbox", "loaded", True)
    cost = "there is no sandbox inside of another: start nono outside of it" if nested else ""
    yield Finding("outside of other sandboxes", "no" if nested else "yes", not nested, cost)
    if nested:
        return
    yield _trial()
    there = os.access(log.LOG, os.X_OK)
    cost = "" if there else "what is refused is not reported"
    yield Finding("the system's log", log.LOG if there else "missing", there, cost, needed=False)


def _trial() -> Finding:
    """A copy of this process enters a small profile, and is asked what it may."""
    child = os.fork()
    if child == 0:
        answer = _DOES_NOT_HOLD
        try:
            answer = _tried()
        finally:
            os._exit(answer)
    answer = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    words = {_WORKS: "holds a process, and says so", _CANNOT_ASK: "cannot be asked about itself"}
    return Finding(
        "a sandbox",
        words.get(answer, "does not hold"),
        answer == _WORKS,
        "" if answer == _WORKS else "please report it, with the version of macOS",
    )


def _tried() -> int:
    mark = mark_of(_TAG)
    rules = (
        Allow(("file-read-data",), Literal(_ALLOWED)),
        Allow(("mach-lookup",), Named("global-name", mark)),
    )
    profile = Profile(_TAG, rules)
    enter.enter(profile.text(), profile.parameters())
    us = os.getpid()
    if not enter.is_held(us) or enter.refuses(us, "mach-lookup", mark, enter.SERVICE):
        return _CANNOT_ASK
    is_right = enter.refuses(us, "file-read-data", _REFUSED) and not enter.refuses(
        us, "file-read-data", _ALLOWED
    )
    return _WORKS if is_right else _DOES_NOT_HOLD
