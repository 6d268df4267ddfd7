"""The sandbox's init: parent of the child, reaper of its orphans, and the one that ends them all.

It runs no foreign code and answers to the supervisor only. When the child has ended, when it is
told so, or when the supervisor is gone, it kills what is left. For that it is itself in a Landlock
domain that scopes signals, and the child in one nested below: kill(-1) then reaches exactly the
sandbox, in one step that no fork can outrun. Before ABI 6 it kills its descendants until none
is left. See landlock(7), PR_SET_CHILD_SUBREAPER in prctl(2), kill(2).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import socket
import termios
from typing import TYPE_CHECKING, NoReturn

from nono.shims.linux import landlock, process
from nono.supervisor import exit_status
from nono.supervisor.linux.launch import protocol
from nono.supervisor.linux.launch.child import become
from nono.supervisor.linux.launch.protocol import Descriptors, Spec
from nono.supervisor.linux.processes import descendants

if TYPE_CHECKING:
    from nono.supervisor.linux.launch.guard import Guard

IGNORED = (
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
    signal.SIGPIPE,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
WITNESSED = {signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP}
WITNESSED |= {signal.SIGUSR1, signal.SIGUSR2, signal.SIGTSTP, signal.SIGWINCH}
"""What tells the supervisor whether a signal went to all of its process group, the program too."""
_ALL = frozenset(map(int, signal.valid_signals()))
_KILL_AGAIN_MILLISECONDS = 50


def run(spec: Spec, fds: Descriptors) -> NoReturn:
    """The body of the forked process. Never returns."""
    status = exit_status.NOT_STARTED
    try:
        control = socket.socket(fileno=fds.control)
        try:
            init = Init(control)
        except OSError as error:
            _tell_failure(control, "set up the init", error)
        else:
            status = init.serve(spec, fds)
    finally:
        os._exit(status)


class Init:
    """One per sandbox."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._scoped = False
        self._child = 0
        self._stopped = False
        self._stops = 0
        self._has_session = False
        self._guard: Guard | None = None
        self._is_alone = False
        self._wakeup, wakeup = socket.socketpair()
        self._wakeup.setblocking(False)
        wakeup.setblocking(False)
        self._keep_alive = wakeup
        signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)

    def serve(self, spec: Spec, fds: Descriptors) -> int:
        for number in IGNORED:
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        process.set_name("nono-init")
        step = "set up the init"
        try:
            process.set_child_subreaper(True)
            self._leave_session(spec, fds)
            if fds.scope >= 0:
                step = "put the init into its scope"
                process.set_no_new_privs()
                landlock.restrict_self(fds.scope)
                self._scoped = _is_out_of_reach(os.getppid())
            # What comes before the child has its own dispositions waits until it has them.
            signal.pthread_sigmask(signal.SIG_BLOCK, _ALL)
            ourselves = os.getpid()
            step = "fork the program"
            self._child = os.fork()
        except OSError as error:
            _tell_failure(self._control, step, error)
            return exit_status.NOT_STARTED
        if self._child == 0:
            become(spec, fds, self._control, ourselves)
        # What the whole process group is sent stays pending here, for the supervisor to see.
        signal.pthread_sigmask(signal.SIG_SETMASK, WITNESSED)
        try:
            step = "let go of the streams"
            self._let_go()
            step = "pidfd_open(2)"  # here it cannot be reaped meanwhile
            pidfd = process.pidfd_open(self._child)
        except OSError as error:  # the child goes with us
            _tell_failure(self._control, step, error)
            return exit_status.NOT_STARTED
        # A copy of the supervisor's memory: it may hold keys. Not before the last file is opened:
        # inside another sandbox its broker has to read the path, and this ends that.
        process.set_dumpable(False)
        with contextlib.suppress(OSError):  # a supervisor that is gone is noticed below
            protocol.send(self._control, protocol.STARTED, self._child, fds=(pidfd,))
        os.close(pidfd)
        if self._wait_for_end() and spec.lingers:
            self._wait_for_others()
        if self._is_alone and self._guard is not None:
            self._guard.put_back()
        self._kill_everything()
        with contextlib.suppress(OSError):
            protocol.send(self._control, protocol.ENDED)
        if spec.group:
            self._wait_for_supervisor()
            _remove_group(spec.group)
        return 0

    def _let_go(self) -> None:
        """Keep no stream open, so that a pipeline ends when its last writer does.

        Raises OSError.
        """
        null = os.open("/dev/null", os.O_RDWR)
        for stream in range(3):
            os.dup2(null, stream)
        keep = {self._control.fileno(), self._wakeup.fileno(), self._keep_alive.fileno()}
        keep |= {self._guard.terminal} if self._guard is not None else set()
        last = 2
        for fd in sorted(keep):
            if fd - 1 > last:
                process.close_range(last + 1, fd - 1)
            last = fd
        process.close_range(last + 1)
        os.chdir("/")

    def _wait_for_end(self) -> bool:
        """Until the child has ended, or the session is to end before that: then False."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._wakeup, select.POLLIN)
        while self._reap():
            ready = {fd for fd, _ in poll.poll()}
            if self._wakeup.fileno() in ready:
                self._drain()
            if self._control.fileno() in ready and not self._is_to_go_on():
                return False
        return True

    def _wait_for_others(self) -> None:
        """Until nothing is left of what the child has started, or the session is to end."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._wakeup, select.POLLIN)
        with contextlib.suppress(ChildProcessError):
            while True:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
                ready = {fd for fd, _ in poll.poll()}
                if self._wakeup.fileno() in ready:
                    self._drain()
                if self._control.fileno() in ready and not self._is_to_go_on():
                    return

    def _is_to_go_on(self) -> bool:
        """Take a message; False for KILL, or when the supervisor is gone."""
        try:
            message, _ = protocol.receive(self._control)
        except ConnectionResetError:
            message = None
        self._is_alone = message is None
        match message:
            case [protocol.CONTINUE, int(stop)]:
                # Only a parent can tell this stop from a later one, once it has heard of all.
                if not self._reap():
                    return False
                if self._stopped and self._stops == stop:
                    self._continue()
                return True
            case [protocol.SEEN, int(number)]:
                signal.sigtimedwait(WITNESSED & {number}, 0)
                return True
        return False

    def _leave_session(self, spec: Spec, fds: Descriptors) -> None:
        """Lead a session of the sandbox's own: without a terminal the program finds no /dev/tty;
        on one of its own, as with a shell, the program is a job.

        It could not be stopped by Control-Z if it led the session itself: setpgid(2), on orphaned
        process groups. Raises OSError.
        """
        if spec.own_session or fds.terminal >= 0:
            os.setsid()
        if fds.terminal >= 0:
            fcntl.ioctl(fds.terminal, termios.TIOCSCTTY, 0)
            self._has_session = True
        if fds.outer >= 0:
            # What only asking needs is loaded only then.
            from nono.supervisor.linux.launch.guard import Guard

            with contextlib.suppress(termios.error):
                self._guard = Guard(fds.outer, os.environ.get("TERM", ""))

    def _continue(self) -> None:
        """The program; all of its job where it has a terminal of its own, for what that stopped."""
        if self._has_session:
            os.killpg(self._child, signal.SIGCONT)
        else:
            os.kill(self._child, signal.SIGCONT)

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wakeup.recv(4096):
                pass

    def _reap(self) -> bool:
        """Collect what has ended; False once the child is among it."""
        flags = os.WNOHANG | os.WUNTRACED | os.WCONTINUED
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, flags)
                if pid == 0:
                    break
                if pid == self._child:
                    self._stopped = os.WIFSTOPPED(status)
                    if self._stopped:
                        self._stops += 1
                        self._tell(protocol.STOPPED, self._stops)
                    elif not os.WIFCONTINUED(status):
                        self._tell(protocol.EXITED, status)
                        return False
        return True

    def _tell(self, *message: object) -> None:
        with contextlib.suppress(OSError):
            protocol.send(self._control, *message)

    def _kill_everything(self) -> None:
        """Until no child is left. Orphans become our children, so none is missed."""
        poll = select.poll()
        poll.register(self._wakeup, select.POLLIN)
        while True:
            self._kill()
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                return
            poll.poll(_KILL_AGAIN_MILLISECONDS)
            self._drain()

    def _wait_for_supervisor(self) -> None:
        """Until it has looked at what its control group counted, and lets go, or is gone."""
        with contextlib.suppress(OSError):
            while protocol.receive(self._control)[0] is not None:
                pass

    def _kill(self) -> None:
        if self._scoped:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(-1, signal.SIGKILL)
            return
        for pid in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def _remove_group(path: str) -> None:
    """The program's control group and, if no other program is left, the sandbox's.

    Where the supervisor lives the first is gone by now, and the second is its own to remove.
    """
    with contextlib.suppress(OSError):
        os.rmdir(path)
        os.rmdir(os.path.dirname(path))


def _tell_failure(control: socket.socket, step: str, error: OSError) -> None:
    where = f": {error.filename}" if error.filename else ""
    protocol.send(control, protocol.FAILED, step + where, error.errno or 0)


def _is_out_of_reach(pid: int) -> bool:
    """Proof that the scope holds: without it, kill(-1) would hit everything of this user.

    Our parent has our user, so only Landlock can forbid to signal it. A domain cannot be left,
    so one look is enough.
    """
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return False
