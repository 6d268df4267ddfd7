"""Every error, by whose fault it is. `except NonoError` catches each that leaves the library.

Each says in one line what, where and why, and may carry a hint that can be pasted into a shell.

    NonoError
        PolicyError                 the policy author's: a rule or a setting cannot be meant
            UnknownName             there is no group, network profile or service of that name
            InvalidHost
            FloorTooLarge           a refusal would have to look at too many files
            ProfileError            everything that is wrong with a profile's file
        UsageError                  the person's: an option, an argument
            NoDirectory             there is no such working directory
        CommandError                the person's: the command cannot be executed
        ProgramError                the program's: it did not end as it should
            TimeoutExpired
            CalledProcessError
        TaskError                   the worker's: a call of an executor has no result
            TaskTimeout
            RemoteError
        KeychainError               the machine's: no keychain, or a locked one
        StartError                  the machine's: it cannot give what a sandbox needs
        AuditError                  whoever changed a session's records
        InvalidRecord               the same, before it is known which session's
            Damage
        BrokenError                 ours: the sandbox broke while the program ran
        TimerError                  a program that `nono bench` times ended early

Others end inside: somebody of ours catches each.

    ShimError                       becomes a StartError in `linux.confine` and `macos.confine`
        UnsupportedMachineError
        FilterError
        ProfileRefused              becomes a StartError, by the guard that hears of it
    ResolutionError                 becomes the errno of a connect
        UnknownHost
        UnusableAnswer
        NoAnswer
    ProxyRefusal                    becomes the errno of a connect
    NotUnderstoodError              a file of git is taken for one that may run anything
        ShutError                   or the work tree of an index is closed
    NotFollowedError                what is opened is refused as a whole, and the link is named
    NotHTTP                         becomes the credential proxy's answer, as those below
    ClientFault
    UpstreamFailure
        UpstreamClosed
    NotResumed                      becomes another connection to the service, without a session
    TooMuchWork                     becomes UpstreamFailure, by who reads the head of an answer
    TimeOver                        ends a connection of the credential proxy
    ClientGone                      ends a connection of the credential proxy
    HostFailure                     becomes an answer of nono's proxy
    TimeIsUp                        ends `nono learn`
    WrongValue                      becomes the error for an option's value, with its hint
    ProtocolError                   becomes the error that a client of the control socket is told
    TooLongError                    ends a connection of the control socket
    GoneError                       a run that clients of its control socket find ended
        SilentError                 a run that does not answer them, as one that was stopped
    Different                       becomes an ordinary start of a run
        WireError
    Undecided                       the call waits for a person's answer
    Refusal                         becomes the errno of a call that was read and decided on
    ChannelGone                     its question goes to the next channel
"""

from __future__ import annotations

import errno
import os

from nono.broker.errors import NonoError as NonoError
from nono.shims.errors import failure as failure
from nono.supervisor import exit_status


def quoted(word: str) -> str:
    """As one word of a shell's. Only what goes wrong needs it, so a start does without `shlex`."""
    import shlex

    return shlex.quote(word)


class UsageError(NonoError):
    """The person's fault: an option names something that does not exist or cannot be meant."""


class NoDirectory(UsageError, FileNotFoundError):
    """The working directory of a program is not there, for which `subprocess` has the second base.

    `filename` is its path.
    """

    def __init__(self, path: str) -> None:
        super().__init__(f"there is no directory {path} to start in", look_near(path))
        self.errno, self.strerror = errno.ENOENT, os.strerror(errno.ENOENT)
        self.filename = path

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.filename,)


class KeychainError(NonoError):
    """The machine's fault: its keychain is missing, locked, or failed."""


class StartError(NonoError):
    """The machine's fault: the sandbox could not be set up. Nothing was run."""

    @classmethod
    def of_step(cls, step: str, number: int) -> StartError:
        """The error for a step that failed in the child, with what is known about its cause."""
        message = f"cannot start the sandbox: {step}: {os.strerror(number)}"
        return cls(*_CAUSES.get((step, number), (message, hint_of(number))))


def look_near(path: str) -> str:
    """What to do about a path that is missing: what is there, of the directories that it goes
    through, has names in it that tell more of a mistyped one."""
    while (path := os.path.dirname(path)) and not os.path.isdir(path):
        pass
    return f"ls {quoted(os.path.normpath(path or os.curdir))}"


def hint_of(number: int) -> str:
    """What to do about an errno of the machine's."""
    return _HINTS.get(number, "nono setup --check")


_HINTS = {
    errno.EMFILE: "ulimit -n 1024",
    errno.EFBIG: "ulimit -f unlimited",
    errno.ENOMEM: "ulimit -v unlimited",
}
_CAUSES = {
    ("seccomp", errno.EBUSY): (
        "cannot start the sandbox: seccomp: this shell already runs under a filter that has a"
        " listener, and the kernel allows one for each chain of filters",
        "add --floor-only to run without the broker",
    ),
    ("seccomp", errno.EINVAL): (
        "cannot start the sandbox: seccomp: the kernel knows no WAIT_KILLABLE_RECV; Linux 5.19"
        " or newer is needed",
        "nono setup --check",
    ),
}


class AuditError(NonoError):
    """A session's records cannot be read, or are not as they were written."""


class BrokenError(NonoError):
    """The sandbox broke while the program ran, or was ended from outside. Every process in it was
    killed, unless the error says who was not."""

    exit_code = exit_status.BROKEN


class CommandError(NonoError):
    """The command cannot be executed. `exit_code` is as a shell says.

    `number` is the errno of execve(2), `program` the file that was found for the command; `what`
    and `hint` say what is wrong, and what to do.
    """

    def __init__(
        self, command: str, number: int, program: str | None, what: str = "", hint: str = ""
    ) -> None:
        self.errno = number
        is_absent = program is None and number in (errno.ENOENT, errno.ENOTDIR)
        self.exit_code = exit_status.NOT_FOUND if is_absent else exit_status.NOT_EXECUTABLE
        named = quoted(program or command)
        said = f"{command or named}: {what or os.strerror(number)}"
        super().__init__(said, hint or f"ls -l {named}")


class ResolutionError(OSError):
    """A host name has no addresses, for now; the errno is what connect(2) is to say.

    `host` is the name; `str()` is one line for people.
    """

    number = errno.EHOSTUNREACH
    why = "it cannot be resolved"

    def __init__(self, host: str) -> None:
        super().__init__(self.number, self.why)
        self.host = host

    def __str__(self) -> str:
        return f"{self.host}: {self.why}"


class UnknownHost(ResolutionError):
    """The DNS says that there is no such name, or that it has neither IPv4 nor IPv6 address."""

    why = "there is no such host"


class UnusableAnswer(ResolutionError):
    """Every DNS server was asked, and answered with a failure or nonsense."""

    why = "no DNS server gives an answer that can be used"


class NoAnswer(ResolutionError, TimeoutError):
    """No DNS server answered in time."""

    number = errno.ETIMEDOUT
    why = "no DNS server answers in time"


class ProxyRefusal(OSError):
    """The upstream proxy opens no connection; `why` is for people, and names it."""

    def __init__(self, proxy: str, why: str) -> None:
        self.why = f"the upstream proxy {proxy} opens no connection: {why}"
        super().__init__(errno.ECONNREFUSED, self.why)
