"""Which tests are run on a kernel: the floor, the filter, sessions and attacks."""

from __future__ import annotations

ESSENTIAL = " ".join(
    (
        "tests/shims/linux/newest_landlock.py",
        "tests/supervisor/linux/test_older_landlock.py",
        "tests/attacks/test_other_processes.py",
        "tests/attacks/test_connections.py",
        "tests/supervisor/linux/calls/test_carved.py",
        "tests/attacks/test_holds.py",
        "tests/shims/linux/test_landlock.py",
        "tests/shims/linux/test_filter_kernel.py",
        "tests/shims/linux/test_inet_diag.py",
        "tests/supervisor/linux/limits/test_limits.py",
    )
)
"""Where the processor is emulated as well: each run of nono takes seconds there."""

WIDE = " ".join(
    (
        "tests/shims/linux/newest_landlock.py",
        "tests/shims",
        "tests/supervisor/linux",
        "tests/supervisor/session",
        "tests/attacks",
        "tests/robustness",
    )
)
