"""A bounded look at what a directory holds, for the words of an offer. Nothing is decided on it."""

from __future__ import annotations

import os
import time

from nono.supervisor.places import canonical

_MAX_ENTRIES = 5_000
_MAX_SECONDS = 0.05


class QuickLook:
    """For who needs no words."""

    def is_directory(self, path: str) -> bool:
        return os.path.isdir(path)

    def reach(self, directory: str) -> str:
        return ""


class RealLook(QuickLook):
    """Counts at most 5,000 entries, for at most 50 ms."""

    def reach(self, directory: str) -> str:
        files = size = links_out = 0
        deadline = time.monotonic() + _MAX_SECONDS
        waiting, is_whole = [directory], True
        while waiting and is_whole:
            try:
                with os.scandir(waiting.pop()) as entries:
                    for entry in entries:
                        is_whole = files < _MAX_ENTRIES and time.monotonic() < deadline
                        if not is_whole:
                            break
                        if entry.is_symlink():
                            links_out += _leads_out(entry.path, directory)
                        elif entry.is_dir(follow_symlinks=False):
                            waiting.append(entry.path)
                            continue
                        else:
                            size += entry.stat(follow_symlinks=False).st_size
                        files += 1
            except OSError:
                continue
        return _words(files, size, links_out, is_whole)


def _leads_out(link: str, directory: str) -> bool:
    end = canonical(link)
    return os.path.commonpath([end, directory]) != directory


def _words(files: int, size: int, links_out: int, is_whole: bool) -> str:
    more = "" if is_whole else "more than "
    parts = [f"{more}{files} {'file' if files == 1 else 'files'}"]
    if is_whole:
        parts.append(_bytes(size))
    if links_out:
        parts.append(f"{links_out} {'is a link' if links_out == 1 else 'are links'} out")
    return ", ".join(parts)


def _bytes(number: int) -> str:
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number} bytes"
