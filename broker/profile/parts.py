"""What an object of a profile's format is, and the one that says how much may be used."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from nono.broker.profile.values import Count, Memory, Size, Time


class Part(BaseModel):
    """An object of the format."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        populate_by_name=False,
    )


class Limits(Part):
    """How much of the machine a sandbox may use, all that runs in it together (docs/limits.md). A
    flag takes the place of what stands here."""

    memory: Memory | None = None
    """Memory, with what is swapped out: bytes, or a text such as `"512M"` or `"2G"`."""
    processes: Count | None = None
    """Processes and threads at the same time."""
    cpu_time: Time | None = None
    """Processor time: seconds, or a text such as `"90s"`, `"5m"` or `"2h"`."""
    timeout: Time | None = None
    """Time from a program's start to its end, as `cpu_time`."""
    open_files: Count | None = None
    """Open descriptors of each process."""
    written: Size | None = None
    """Bytes in each file, and bytes written in all, as `memory`."""
