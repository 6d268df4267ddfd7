"""The last steps before the program: what turns a forked process into a sandboxed one.

The order matters. Capabilities go first, since dropping them needs one of them; no_new_privs
before Landlock and seccomp, which ask for it; Landlock before the filter, so that there is never
a filter without a floor. From the filter on, the supervisor answers this process's calls too.
"""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import signal
import socket
from collections.abc import Sequence
from typing import NoReturn

from nono.shims.linux import capabilities, landlock, notify, process
from nono.supervisor import exit_status
from nono.supervisor.linux.launch import protocol
from nono.supervisor.linux.launch.protocol import Descriptors, Spec

_SIGNALS = frozenset(map(int, signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}))


def become(spec: Spec, fds: Descriptors, control: socket.socket, parent: int) -> NoReturn:
    """Restrict this process and execute the program. Reports on `control` what fails.

    It dies with its `parent`, the init's process id.
    """
    step = "set up"
    try:
        process.set_pdeathsig(signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(exit_status.NOT_STARTED)
        _lead_job(fds.terminal)
        _take_streams(fds)
        step = "change to the working directory"
        group = _open_group(spec)
        os.chdir(spec.cwd)
        os.umask(spec.umask)
        keep: Sequence[int] = spec.keep
        if spec.own_network:
            step = "make a network of its own"
            keep = _enter_network(spec, control)
            process.set_pdeathsig(signal.SIGKILL)  # which new credentials may take back
            if os.getppid() != parent:
                os._exit(exit_status.NOT_STARTED)
        step = "drop capabilities"
        capabilities.drop_to(frozenset(keep))
        step = "set no_new_privs"
        process.set_no_new_privs()
        step = "landlock_restrict_self"
        landlock.restrict_self(fds.ruleset)
        process.close_range(3, flags=process.CLOSE_RANGE_CLOEXEC)
        _restore_signals(spec)
        if spec.group or spec.rlimits:
            step = "enter the limits"
            _enter_limits(spec, group)
        step = "seccomp"
        listener = notify.install(spec.program, listener=spec.broker)
        protocol.send(control, protocol.LISTENER, fds=(listener,) if spec.broker else ())
        if spec.broker:
            os.close(listener)
    except OSError as error:
        protocol.send(control, protocol.FAILED, step, error.errno or 0)
        os._exit(exit_status.NOT_STARTED)
    try:
        for number in spec.closed_streams:
            os.close(number)
        os.execvpe(spec.argv[0], spec.argv, spec.env)
    except OSError as error:
        protocol.send(control, protocol.NOT_EXECUTED, error.errno or errno.ENOENT)
    except ValueError:  # an empty command
        protocol.send(control, protocol.NOT_EXECUTED, errno.ENOENT)
    os._exit(exit_status.NOT_FOUND)


def _enter_network(spec: Spec, control: socket.socket) -> Sequence[int]:
    """The capabilities that are left to keep. Raises OSError."""
    # What only such a run needs is loaded only then.
    from nono.supervisor.linux import own_network

    listener, is_apart = own_network.enter(spec.own_network)
    with listener:
        protocol.send(control, protocol.PROXY, fds=(listener.fileno(),))
    return () if is_apart else spec.keep


def _open_group(spec: Spec) -> int:
    """What a process writes itself into to enter the control group; -1 for none. Raises OSError."""
    if not spec.group:
        return -1
    return os.open(f"{spec.group}/cgroup.procs", os.O_WRONLY | os.O_CLOEXEC)


def _enter_limits(spec: Spec, group: int) -> None:
    """As late as can be, so that they are for the program. Raises OSError."""
    if group >= 0:
        os.write(group, b"0")
    for number, *wanted in spec.rlimits:
        _, hard = resource.getrlimit(number)
        soft, most = (
            each if hard == resource.RLIM_INFINITY else min(each, hard) for each in wanted
        )
        resource.setrlimit(number, (soft, most))


def _lead_job(terminal: int) -> None:
    """Where the sandbox has a terminal of its own: be the job in the foreground there.

    Every signal is blocked here, so SIGTTOU does not stop it: tcsetpgrp(3).
    """
    if terminal >= 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(terminal, os.getpgrp())


def _take_streams(fds: Descriptors) -> None:
    """Make the three streams 0, 1 and 2, whatever numbers they have now."""
    streams = (fds.stdin, fds.stdout, fds.stderr)
    copies = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3) for fd in streams]
    for number, copy in enumerate(copies):
        os.dup2(copy, number)
        os.close(copy)


def _restore_signals(spec: Spec) -> None:
    """The dispositions and the mask that the supervisor was started with."""
    signal.set_wakeup_fd(-1)
    for number in _SIGNALS:
        wanted = signal.SIG_IGN if number in spec.ignored_signals else signal.SIG_DFL
        if signal.getsignal(number) is not wanted:  # most are
            signal.signal(number, wanted)
    signal.pthread_sigmask(signal.SIG_SETMASK, spec.signal_mask)
