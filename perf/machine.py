"""What a table was measured on."""

from __future__ import annotations

import os
import platform
import subprocess

from nono.perf.place import Place
from nono.perf.results.result import Facts
from nono.shims.linux import landlock, lane
from nono.supervisor.version import VERSION


def facts(place: Place, clock_ns: float) -> Facts:
    """Name and value, in the order of the heading. `clock_ns` is what two looks at it take."""
    return {
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "landlock_abi": landlock.abi_version(),
        "processor": _processor(),
        "processors": len(os.sched_getaffinity(0)),
        "load_before": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "nono": VERSION,
        "lane": "in Python" if lane.library()[0] is None else "in C",
        "timed_program": _timed_program(place),
        "clock_ns": round(clock_ns),
    }


def _processor() -> str:
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _timed_program(place: Place) -> str:
    if place.compiler is None:
        return "in Python (no C compiler found: no rows of the C loop, and every call is slower)"
    said = subprocess.run([place.compiler, "--version"], capture_output=True, text=True, check=True)
    return f"in C ({said.stdout.splitlines()[0]})"
