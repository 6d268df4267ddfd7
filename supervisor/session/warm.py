"""A process that is ready to be the nono of runs, with all loaded that a run may need."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import NoReturn

from nono.supervisor.errors import UsageError
from nono.supervisor.session.loaded import (
    load_everything,
    load_what_asks,
    load_what_resolves,
)
from nono.supervisor.session.own_inodes import separate

_AGAIN = "NONO_WARM_AGAIN"
"""A variable that only a second start finds, and no run: when it was, in nanoseconds."""


def serve(
    run: Callable[[list[str]], NoReturn],
    searched: list[str],
    main: str,
    idle: float | None,
    say: Callable[[str], None],
) -> str:
    """Until it ends by itself: why. Raises NonoError, OSError."""
    if sys.platform == "darwin":
        raise UsageError("nono warm is there on Linux alone")
    # The door to the platform.
    from nono.supervisor.linux.warm.serving import begin
    from nono.supervisor.warm import itself

    again = os.environ.pop(_AGAIN, "")
    if separate(os.environ) and not again:
        # What is loaded already may have become another file, though it says the same.
        os.environ[_AGAIN] = str(time.time_ns())
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    load_everything()
    load_what_asks()
    load_what_resolves()
    # What only this process needs is loaded only in it.
    from nono.supervisor.session.rehearsal import rehearse

    rehearse()
    return begin(
        run, itself.of_python(searched, main), searched, os.environ, idle, say, int(again or 0)
    )
