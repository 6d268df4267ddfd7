"""The guard of a sandbox: parent of its program, and the one that ends all that it started.

It runs no foreign code, is in no sandbox, and answers to the supervisor only. When the program has
ended, when it is told so, or when the supervisor is gone, it kills what is left (`ending`). It
leads a session of its own, so that the program has nothing to do with the person's terminal.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import socket
import termios
from typing import NoReturn

from nono.supervisor import exit_status
from nono.supervisor.macos.launch import messages
from nono.supervisor.macos.launch.child import become, close_others
from nono.supervisor.macos.launch.ending import Descendants, kill_everything
from nono.supervisor.macos.launch.messages import Descriptors, Spec

IGNORED = (
    *(signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP),
    *(signal.SIGTTIN, signal.SIGTTOU, signal.SIGPIPE, signal.SIGUSR1, signal.SIGUSR2),
)

_ENTER = "enter the sandbox"


def run(spec: Spec, fds: Descriptors) -> NoReturn:
    """The body of the forked process. Never returns."""
    status = exit_status.NOT_STARTED
    try:
        control = socket.socket(fileno=fds.control)
        try:
            status = Guard(control, spec).serve(fds)
        except OSError as error:
            messages.send(control, messages.FAILED, "set up the guard", error.errno or 0, "")
    finally:
        os._exit(status)


class Guard:
    """One per program."""

    def __init__(self, control: socket.socket, spec: Spec) -> None:
        self._control = control
        self._spec = spec
        self._program = 0
        self._is_over = False
        self._stopped = False
        self._stops = 0
        self._has_session = False
        self._is_alone = False
        self._descendants: Descendants | None = None
        self._wakeup, self._writer = socket.socketpair()
        for each in (self._wakeup, self._writer):
            each.setblocking(False)

    def serve(self, fds: Descriptors) -> int:
        """Start the program and see it to its end; the exit status. Raises OSError."""
        for number in IGNORED:
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        os.setsid()
        if fds.terminal >= 0:
            fcntl.ioctl(fds.terminal, termios.TIOCSCTTY, 0)
            self._has_session = True
        outer, modes = _kept_terminal(fds.outer)
        if not self._start(fds, outer):
            return exit_status.NOT_STARTED
        self._wait_for_end()
        if self._is_alone and outer >= 0 and modes is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(outer, termios.TCSANOW, modes)  # type: ignore[arg-type]
        left = kill_everything(
            0 if self._is_over else self._program, self._spec.mark, self._seen, self._collect
        )
        self._tell(messages.ENDED, left)
        return 0

    def _start(self, fds: Descriptors, outer: int) -> bool:
        """Fork the program, and hear that it was executed."""
        reader, writer = os.pipe()
        # What comes before the child has its own dispositions waits until it has them.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        self._program = os.fork()
        if self._program == 0:
            os.close(reader)
            become(self._spec, fds, writer)
        os.close(writer)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        with contextlib.suppress(OSError):  # without, the kernel's word alone tells who there is
            self._descendants = Descendants(self._program)
        self._let_go({reader, outer})
        first, said = messages.read_pipe(reader), None
        if first == [messages.ENTERED]:
            said = messages.read_pipe(reader)  # nothing, once the program is executed
        os.close(reader)
        if first is None:
            said = [messages.FAILED, _ENTER, 0, self._how_it_ended()]
        elif first != [messages.ENTERED]:
            said = first
        if said is not None:
            self._tell(*said)
            return False
        self._tell(messages.STARTED, self._program)
        return True

    def _how_it_ended(self) -> str:
        """Of a child that said nothing: libsandbox ends it over what it does not expect."""
        _, status = os.waitpid(self._program, 0)
        code = os.waitstatus_to_exitcode(status)
        how = f"signal {-code}" if code < 0 else f"status {code}"
        return f"libsandbox ended its process ({how}): the profile may be too large"

    def _let_go(self, kept: set[int]) -> None:
        """Keep no stream open, so that a pipeline ends when its last writer does."""
        null = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(null, stream)
        close_others(kept | set(map(_number, self._heard())) | {self._writer.fileno()})
        os.chdir("/")

    def _heard(self) -> list[socket.socket | Descendants]:
        descendants = [] if self._descendants is None else [self._descendants]
        return [self._control, self._wakeup, *descendants]

    def _wait_for_end(self) -> None:
        """Until the program has ended, or the session is to end before that."""
        while self._reap():
            ready, _, _ = select.select(self._heard(), (), ())
            if self._descendants in ready and self._descendants is not None:
                self._descendants.look()
            if self._wakeup in ready:
                self._drain()
            if self._control in ready and not self._is_to_go_on():
                return

    def _is_to_go_on(self) -> bool:
        """Take a message; False for KILL, or when the supervisor is gone."""
        try:
            message = messages.receive(self._control)
        except ConnectionResetError:
            message = None
        self._is_alone = message is None
        match message:
            case [messages.CONTINUE, int(stop)]:
                # Only a parent can tell this stop from a later one, once it has heard of all.
                if not self._reap():
                    return False
                if self._stopped and self._stops == stop:
                    self._signal(signal.SIGCONT, to_group=self._has_session)
                return True
            case [messages.SIGNAL, int(number), bool(to_group)]:
                self._signal(number, to_group=to_group)
                return True
        return False

    def _signal(self, number: int, *, to_group: bool) -> None:
        """To the program, which was not collected, or to its job."""
        with contextlib.suppress(OSError):
            (os.killpg if to_group else os.kill)(self._program, number)

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wakeup.recv(4096):
                pass

    def _reap(self) -> bool:
        """Collect what has happened to the program; False once it has ended."""
        while not self._is_over:
            pid, status = os.waitpid(self._program, os.WNOHANG | os.WUNTRACED | os.WCONTINUED)
            if pid == 0:
                return True
            self._stopped = os.WIFSTOPPED(status)
            if self._stopped:
                self._stops += 1
                self._tell(messages.STOPPED, self._stops)
            elif not os.WIFCONTINUED(status):
                self._is_over = True
                self._tell(messages.EXITED, status)
        return False

    def _seen(self) -> list[int]:
        if self._descendants is None:
            return []
        self._descendants.look()
        return self._descendants.alive()

    def _collect(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass

    def _tell(self, *message: object) -> None:
        with contextlib.suppress(OSError):  # a supervisor that is gone is noticed by its silence
            messages.send(self._control, *message)


def _number(file: socket.socket | Descendants) -> int:
    return file.fileno()


def _kept_terminal(fd: int) -> tuple[int, list[object] | None]:
    """The person's terminal and how it was, for when the supervisor cannot put it back."""
    if fd < 0:
        return -1, None
    with contextlib.suppress(termios.error):
        return fd, termios.tcgetattr(fd)
    return -1, None
