"""Look at processes through a procfs that is mounted where files are expected.

Arguments: a directory to write in, where the partner listens; the mount.
"""

import os
from collections.abc import Callable, Iterator

from .attempt import arguments, attempt, content
from .outside import Outside

FILES = ("environ", "maps", "mem", "cmdline", "status", "fd", "comm", "fdinfo", "io")


def openings(mounted: str, process: str) -> Iterator[tuple[str, Callable[[], object]]]:
    for name in FILES:
        path = f"{mounted}/{process}/{name}"
        for flags in (os.O_RDONLY, os.O_RDWR):
            yield f"{path} {flags}", lambda p=path, f=flags: content(os.open(p, f))
        handle = f"/proc/self/fd/{os.open(path, os.O_PATH | os.O_NOFOLLOW)}"
        yield f"{path} again", lambda h=handle: content(os.open(h, os.O_RDONLY))
        yield f"{path}/..", lambda p=path: content(os.open(f"{p}/../environ", os.O_RDONLY))


def main() -> None:
    work, mounted = arguments()
    outside = Outside(work)
    init = os.getppid()
    partner = outside.itself()["pid"]
    for process in ("self", "thread-self", "1", str(partner), str(outside.parent(init))):
        for label, opening in openings(mounted, process):
            attempt(label, opening)
    for name in ("kcore", "kallsyms", "sysrq-trigger", "sys/kernel/core_pattern", "1/../modules"):
        for flags in (os.O_RDONLY, os.O_WRONLY):
            path = f"{mounted}/{name}"
            attempt(f"{path} {flags}", lambda p=path, f=flags: content(os.open(p, f)))


if __name__ == "__main__":
    main()
