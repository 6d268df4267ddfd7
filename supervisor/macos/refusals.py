"""What the kernel refused, from its log to the requests that a policy decides on.

The log is not complete: the kernel says the same thing once, and nothing at all when it has said
too much. So it is "at least these" whenever it is told.
"""

from __future__ import annotations

import contextlib
import ipaddress
import select
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nono.broker import (
    Access,
    Allow,
    Bind,
    Connect,
    Execute,
    Metadata,
    Open,
    Operation,
    PathChange,
    Request,
    UnixConnect,
    visible,
)
from nono.broker.requests import RecordedProcess
from nono.shims.macos import log
from nono.shims.macos.log import Refusal, Refusals

if TYPE_CHECKING:
    from nono.supervisor.decisions.decide import Decisions

_READY_SECONDS = 10.0
_QUIET_SECONDS = 0.2
_MAX_LATE_SECONDS = 2.0
_SHOW_SECONDS = 20.0
_MAX_COUNTED = 100
_MAX_LINES = 5
_MAX_OUTPUT = 32 << 20

_OPENED = {
    "file-read-data": Access.READ,
    "file-read-xattr": Access.READ,
    "file-write-data": Access.WRITE,
    "file-map-executable": Access.EXECUTE,
}
_CHANGED = {
    "file-write-create": Operation.CREATE,
    "file-write-unlink": Operation.UNLINK,
    "file-link": Operation.LINK_FROM,
}
_OF_METADATA = {
    "file-write-mode": "chmod",
    "file-write-owner": "chown",
    "file-write-flags": "chmod",
    "file-write-times": "utime",
    "file-write-xattr": "setxattr",
}


def request_of(refusal: Refusal) -> Request | None:
    """What a policy is asked about it; None for what no rule of ours speaks of."""
    process = RecordedProcess(refusal.pid, refusal.program)
    operation, what = refusal.operation, refusal.what
    if operation.startswith("network-"):
        return _connection(process, operation, what)
    if not what.startswith("/") or "\0" in what:
        return None
    if operation in _OPENED:
        access = _OPENED[operation]
        if access is Access.EXECUTE:
            return Execute(process, what)
        return Open(process, what, access)
    if operation in _CHANGED:
        return PathChange(process, _CHANGED[operation], what)
    if operation in _OF_METADATA:
        return Metadata(process, _OF_METADATA[operation], what)
    return Execute(process, what) if operation == "process-exec" else None


def _connection(process: RecordedProcess, operation: str, what: str) -> Request | None:
    if what.startswith("/"):
        return UnixConnect(process, what) if operation == "network-outbound" else None
    host, _, port = what.rpartition(":")
    try:
        address = str(ipaddress.ip_address(host.strip("[]")))
        number = int(port)
    except ValueError:  # `*:443`, a name of Apple's
        return None
    if operation == "network-outbound":
        return Connect(process, address, number)
    return Bind(process, address, number)


class RefusalLog:
    """Of one run, for one program after the other. What it says is read when each has ended."""

    def __init__(self, tag: str, decisions: Decisions, *, live: bool) -> None:
        """`live` reads along, so that all that is logged is heard; a run then starts later."""
        self._tag = tag
        self._decisions = decisions
        self._live = live
        self._began = 0.0
        self._reader: _Reader | None = None
        self.others: dict[tuple[str, str], int] = {}
        """What was refused and no rule of ours speaks of: the operation, the object, how often."""
        self.unread = 0
        self.failed = ""
        """Why the log could not be read, if it could not."""

    def begins(self) -> None:
        """A program is about to be started. Blocks until nothing of it would be missed."""
        self._began = time.monotonic()
        if self._live:
            self._reader = _Reader(self._tag)
            self.failed = self._reader.failed

    def started(self) -> None:
        """It was started: from now on this process may have another thread."""
        if self._reader is not None:
            self._reader.start()

    def ended(self, failed: bool) -> None:
        """It has ended. Without reading along there is a look only when it `failed`: it takes
        seconds."""
        if self._reader is not None:
            found = self._reader.stop()
            self._reader = None
        elif failed:
            found = self._shown()
        else:
            return
        self.unread += found.unread
        for refusal, count in found.all():
            self._note(refusal, min(count, _MAX_COUNTED))

    def _shown(self) -> Refusals:
        found = Refusals(self._tag)
        seconds = int(time.monotonic() - self._began) + 2
        try:
            done = subprocess.run(
                log.show_command(seconds),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SHOW_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            self.failed = str(error)
            return found
        for line in done.stdout[:_MAX_OUTPUT].splitlines():
            found.add(line)
        return found

    def _note(self, refusal: Refusal, count: int) -> None:
        request = request_of(refusal)
        if request is None or isinstance(self._decisions.verdict(request)[1], Allow):
            key = refusal.operation, refusal.what
            self.others[key] = self.others.get(key, 0) + count
            return
        for _ in range(count):
            with contextlib.suppress(OSError):
                self._decisions.require(request)

    def words(self) -> Iterator[str]:
        """Lines for people, besides the denials that the policy explains."""
        if self.failed:
            yield f"nono: what was refused is not known: {visible(self.failed)}"
        known = [(what, count) for what, count in self.others.items() if what[0] not in _HARMLESS]
        for (operation, what), count in known[:_MAX_LINES]:
            times = f" ({count} times)" if count > 1 else ""
            yield f"nono: refused by macOS: {operation} {visible(what)}{times}"
        if len(known) > _MAX_LINES:
            yield f"nono: and {len(known) - _MAX_LINES} more that no option opens"
        if not self._decisions.denials.none or known or self.unread:
            more = f"; {self.unread} of its lines could not be read" if self.unread else ""
            yield f"nono: at least these: the system's log does not keep every refusal{more}"


_HARMLESS = {"file-read-metadata", "process-info-pidinfo", "sysctl-write"}


class _Reader:
    """`log stream`, read by a thread from before the program starts until it has ended."""

    def __init__(self, tag: str) -> None:
        self._found = Refusals(tag)
        self.failed = ""
        self._lines = 0
        self._thread: threading.Thread | None = None
        try:
            self._process = subprocess.Popen(
                log.stream_command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
            )
        except OSError as error:
            self.failed = str(error)
            return
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], (), (), _READY_SECONDS)
        if not ready:
            self.failed = f"log stream printed nothing in {_READY_SECONDS:.0f} seconds"
            self._end()

    def start(self) -> None:
        if not self.failed:
            self._thread = threading.Thread(target=self._read, name="nono-log", daemon=True)
            self._thread.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        while line := self._process.stdout.readline(_MAX_OUTPUT):
            self._found.add(line)
            self._lines += 1

    def stop(self) -> Refusals:
        if self.failed:
            return self._found
        if self._thread is None:  # the program was not started
            self.start()
        self._until_quiet()
        self._end()
        if self._thread is not None:
            self._thread.join(_MAX_LATE_SECONDS)
        return self._found

    def _until_quiet(self) -> None:
        """What was refused last is logged a moment after it was, and more comes in a burst."""
        until = time.monotonic() + _MAX_LATE_SECONDS
        known = -1
        while known != self._lines and time.monotonic() < until:
            known = self._lines
            time.sleep(_QUIET_SECONDS)

    def _end(self) -> None:
        self._process.kill()  # it has what we block of signals
        self._process.wait()
