"""The process of `nono warm` itself: takes connections, forks, and tells how each run ended.

It reads nothing that it is sent, and knows nothing of any run: what it holds is what every nono
has once it is loaded. What was forked dies with it.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import select
import signal
import socket
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from typing import NoReturn

from nono.shims.linux.unix_peers import credentials
from nono.supervisor import exit_status
from nono.supervisor.asking.control.listening import made
from nono.supervisor.errors import StartError, UsageError
from nono.supervisor.linux.warm.becoming import use_every_descriptor
from nono.supervisor.linux.warm.installed import Installed
from nono.supervisor.linux.warm.taking import Warm, serve
from nono.supervisor.places import make_private, through
from nono.supervisor.warm import wire
from nono.supervisor.warm.wire import Different

MAX_RUNS = 256
"""At the same time, those that are still asked who they are among them."""
_BACKLOG = 64
_MAX_WAIT = 86_400.0
"""Seconds: poll(2) takes no more than 24 days at once."""
_NEW, _LOCK = wire.NAME + ".new", wire.NAME + ".lock"
_MAX_LOCKS = 100
_ALL = signal.valid_signals()


class Serving:
    """One for each user that asks for it, in its directory of control sockets."""

    def __init__(
        self,
        warm: Warm,
        installed: Installed,
        listener: socket.socket,
        leave: Callable[[], None],
        idle: float | None,
    ) -> None:
        """`idle` is after how many seconds without a run it ends; `leave` closes the listener."""
        self._warm = warm
        self._listener = listener
        self._listens_at = listener.fileno()
        self._leave = leave
        self._idle = idle
        self._installed = installed
        self._runs: dict[int, tuple[int, socket.socket]] = {}
        self._poll = select.poll()
        self._poll.register(listener, select.POLLIN)
        self.why = ""
        """Why it ended."""

    def serve(self) -> None:
        """Until nothing has been asked for long enough, or nono is another one by now.

        Runs that go on then are waited for. Raises what a signal makes Python raise.
        """
        since = time.monotonic()
        while not self.why or self._runs:
            left = None
            if self._idle is not None and not self._runs and not self.why:
                left = max(0.0, since + self._idle - time.monotonic())
            ready = self._poll.poll(None if left is None else min(left, _MAX_WAIT) * 1000)
            if not ready and left is not None and left <= _MAX_WAIT:
                self.why = "nothing was asked"
            for fd, _ in ready:
                if fd == self._listens_at:
                    self._take()
                else:
                    self._end(fd)
                since = time.monotonic()

    def _take(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            with connection:
                pid, user, _ = credentials(connection)
                if user != os.geteuid():
                    return
                changed = self._installed.changed()
                if changed:
                    self._stop(f"{changed} has changed")
                    wire.send(
                        connection, wire.no(Different("nono was installed again", wire.START))
                    )
                elif len(self._runs) >= MAX_RUNS:
                    wire.send(connection, wire.no(Different("too many runs at the same time")))
                else:
                    self._fork(connection, pid)

    def _stop(self, why: str) -> None:
        """Nobody finds it any more, nor waits in vain; another one may take its place."""
        self.why = why
        self._poll.unregister(self._listener)
        self._leave()

    def _fork(self, connection: socket.socket, pid: int) -> None:
        """Raises OSError, and there is no run then."""
        kept = connection.dup()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _ALL)
        try:
            child = os.fork()
            if child == 0:
                serve(connection, pid, self._warm)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        try:
            pidfd = os.pidfd_open(child)
        except OSError:
            kept.close()
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise
        self._runs[pidfd] = child, kept
        self._poll.register(pidfd, select.POLLIN)

    def _end(self, pidfd: int) -> None:
        """Tell the caller; where it was told NO, or is gone, nobody hears it."""
        child, connection = self._runs.pop(pidfd)
        self._poll.unregister(pidfd)
        os.close(pidfd)
        _, status = os.waitpid(child, 0)
        with connection, contextlib.suppress(OSError):
            connection.setblocking(False)
            wire.send(connection, [str(status).encode()])


@contextlib.contextmanager
def listening(directory: str) -> Iterator[tuple[socket.socket, Callable[[], None]]]:
    """The one socket of this user's there, and what closes it and gives up the place.

    Raises UsageError where somebody has it, OSError.
    """
    with made(directory) as fd, _locked(fd), socket.socket(socket.AF_UNIX) as listener:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(_NEW, dir_fd=fd)
        listener.bind(os.path.join(through(fd), _NEW))
        os.chmod(_NEW, 0o600, dir_fd=fd)
        listener.listen(_BACKLOG)
        os.rename(_NEW, wire.NAME, src_dir_fd=fd, dst_dir_fd=fd)

        def leave() -> None:
            if listener.fileno() < 0:  # what is there by now is another one's
                return
            listener.close()
            with contextlib.suppress(OSError):
                os.unlink(wire.NAME, dir_fd=fd)
                os.unlink(_LOCK, dir_fd=fd)

        try:
            yield listener, leave
        finally:
            leave()


@contextlib.contextmanager
def _locked(directory: int) -> Iterator[None]:
    lock = _lock(directory)
    try:
        yield
    finally:
        os.close(lock)


def _lock(directory: int) -> int:
    """The lock that has the name: one that ended meanwhile has taken it off its own.

    Raises UsageError where somebody has it, OSError.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    for _ in range(_MAX_LOCKS):
        lock = os.open(_LOCK, flags, 0o600, dir_fd=directory)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(lock), os.stat(_LOCK, dir_fd=directory)):
                return lock
        except FileNotFoundError:
            pass
        except BlockingIOError:
            os.close(lock)
            break
        os.close(lock)
    raise UsageError("another nono warm of this user's is there already", _to_end(directory))


def _to_end(directory: int) -> str:
    """What ends the one that is there; empty where it does not listen yet, or any more."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(0)
        connection.connect(os.path.join(through(directory), wire.NAME))
        return f"kill {credentials(connection).pid}"
    return ""


def begin(
    run: Callable[[list[str]], NoReturn],
    python: list[bytes],
    searched: list[str],
    env: Mapping[str, str],
    idle: float | None,
    say: Callable[[str], None],
    since: int,
) -> str:
    """Serve, once everything is loaded; why it ended. Raises UsageError, StartError, OSError.

    `since` is when this program began, by the clock that files have, if the process is older.
    """
    found = wire.places(env)
    if not found:
        raise UsageError(
            "no place for the socket: neither XDG_RUNTIME_DIR nor HOME is set", "export HOME"
        )
    _leave_terminal()
    use_every_descriptor()
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup(1)
            signal.signal(number, _end_by)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # where it is ignored nobody can wait for a run
    gc.collect()
    gc.freeze()
    installed = Installed(searched)
    changed = installed.changed_while_loading(since)
    if changed:
        raise StartError(f"{changed} has changed meanwhile", "nono warm")
    directory = _usable(found)
    with listening(directory) as (listener, leave):
        serving = Serving(Warm(run, python, os.getpid()), installed, listener, leave, idle)
        say(f"nono: warm: {directory}/{wire.NAME}")
        serving.serve()
    return serving.why


def _usable(directories: list[str]) -> str:
    """The first whose parent is this user's alone to write, as for control sockets."""
    for directory in directories:
        with contextlib.suppress(OSError):
            make_private(os.path.dirname(directory))
            with made(directory):
                return directory
    return directories[-1]


def _end_by(number: int, _frame: object) -> NoReturn:
    raise SystemExit(exit_status.of_signal(number))


def _leave_terminal() -> None:
    """No run is to have it: TIOCNOTTY in ioctl_tty(2). Ctrl-C still reaches this process."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if os.getsid(0) == os.getpid():
            raise UsageError("nono warm leads the session of a terminal", "start it from a shell")
        fcntl.ioctl(terminal, termios.TIOCNOTTY)
    finally:
        os.close(terminal)
