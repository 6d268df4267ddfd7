"""A sandbox under a filter that is there already: another sandbox's, a container's, a service's.

Whether there can be one is found out before anything else is looked at.

Otherwise the explanation comes after what the inner nono was refused on its way to it.
"""

from __future__ import annotations

_STATUS = "/proc/self/status"
_FILTERED = "\nSeccomp:\t2\n"
_MAX_STATUS = 8192


def require_listener() -> None:
    """Raise StartError where this process is under a filter that leaves no room for ours.

    Somebody listens to it already, or it refuses what a run needs.
    """
    try:
        with open(_STATUS, encoding="utf-8", errors="replace") as file:
            status = file.read(_MAX_STATUS)
    except OSError:
        return
    if _FILTERED in status:
        # The door to the platform.
        from nono.supervisor.linux.confine import check_listener
        from nono.supervisor.linux.refused_calls import check_calls

        check_listener()
        check_calls()
