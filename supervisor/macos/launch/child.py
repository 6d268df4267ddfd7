"""The last steps before the program: what turns a forked process into a sandboxed one.

The order matters. Descriptors are closed and the directory is changed first, since the profile may
allow neither; the profile comes last, so that nothing is done in the sandbox but to execute.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
from typing import NoReturn

from nono.shims.errors import ShimError
from nono.shims.macos.enter import ProfileRefused, enter
from nono.supervisor import exit_status
from nono.supervisor.macos.launch import messages
from nono.supervisor.macos.launch.messages import Descriptors, Spec

_OWN_DESCRIPTORS = "/dev/fd"


def become(spec: Spec, fds: Descriptors, pipe: int) -> NoReturn:
    """Restrict this process and execute the program. Says on `pipe` what fails; ends it else."""
    step = "set up"
    try:
        _lead_job(fds.terminal)
        _take_streams(fds)
        step = "change to the working directory"
        os.chdir(spec.cwd)
        os.umask(spec.umask)
        step = "close descriptors"
        close_others({pipe})
        _restore_signals(spec)
        step = "enter the sandbox"
        enter(spec.profile, spec.parameters)
        _say(pipe, messages.ENTERED)
    except ProfileRefused as error:
        _say(pipe, messages.FAILED, step, error.number, error.message)
    except ShimError as error:
        _say(pipe, messages.FAILED, step, errno.ENOSYS, error.message)
    except OSError as error:
        _say(pipe, messages.FAILED, step, error.errno or 0, "")
    else:
        _execute(spec, pipe)
    os._exit(exit_status.NOT_STARTED)


def _execute(spec: Spec, pipe: int) -> None:
    try:
        for number in spec.closed_streams:
            os.close(number)
        os.execvpe(spec.argv[0], spec.argv, spec.env)
    except OSError as error:
        _say(pipe, messages.NOT_EXECUTED, error.errno or errno.ENOENT)
    except ValueError:  # an empty command
        _say(pipe, messages.NOT_EXECUTED, errno.ENOENT)


def _say(pipe: int, *message: object) -> None:
    data = messages.packed(*message)
    while data:
        data = data[os.write(pipe, data) :]


def _lead_job(terminal: int) -> None:
    """Be a job of its own in the guard's session; where that has a terminal, the one in front.

    Every signal is blocked here, so SIGTTOU does not stop it: tcsetpgrp(3).
    """
    os.setpgid(0, 0)
    if terminal >= 0:
        os.tcsetpgrp(terminal, os.getpgrp())


def _take_streams(fds: Descriptors) -> None:
    """Make the three streams 0, 1 and 2, whatever numbers they have now."""
    streams = (fds.stdin, fds.stdout, fds.stderr)
    copies = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3) for fd in streams]
    for number, copy in enumerate(copies):
        os.dup2(copy, number)
        os.close(copy)


def close_others(kept: set[int]) -> None:
    """Close every descriptor but the streams and these: what was opened before stays usable inside.

    Raises OSError where they cannot be listed.
    """
    for number in [int(name) for name in os.listdir(_OWN_DESCRIPTORS) if name.isdigit()]:
        if number > 2 and number not in kept:
            with contextlib.suppress(OSError):  # the one that the list was read by
                os.close(number)


def _restore_signals(spec: Spec) -> None:
    """The dispositions and the mask that the supervisor was started with."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        ignored = int(number) in spec.ignored_signals
        signal.signal(number, signal.SIG_IGN if ignored else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, spec.signal_mask)
