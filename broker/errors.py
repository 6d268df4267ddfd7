"""The base of every error, and the errors of this package.

`nono.supervisor.errors` draws the whole tree.
"""

from __future__ import annotations

from collections.abc import Iterable

from nono.broker.dataclass import dataclass
from nono.broker.visible import visible

_MAX_NOTE = 1000


class NonoError(Exception):
    """Every error of ours that a person or a caller meets is one.

    `message` is one line: what is wrong, where and why. `hint` is a command that
    can be pasted into a shell, or an advice, or empty; a traceback has it as a note.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        Exception.__init__(self, message)  # some have another base beside this one
        self.message = message
        self.hint = ""
        self.advise(hint)

    def advise(self, hint: str) -> None:
        """Have this hint, in place of the one before."""
        before = self._note()
        notes = [each for each in getattr(self, "__notes__", ()) if each != before]
        self.hint = hint
        self.__notes__ = [self._note(), *notes] if hint else notes

    def _note(self) -> str:
        """The hint, where an error is printed by Python."""
        return f"hint: {visible(self.hint, limit=_MAX_NOTE)}"

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (type(self), self.args, self.__dict__.copy())


def _again(kind: type[NonoError], args: tuple[object, ...], state: dict[str, object]) -> NonoError:
    """An error that was sent to another process; no kind of error is made from `args` alone."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class PolicyError(NonoError, ValueError):
    """The policy itself is at fault. `str()` is the message, and the hint on the next line."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message, hint)

    def advise(self, hint: str) -> None:
        """Have this hint, in place of the one before. No note: the text has it."""
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}"


class UnknownName(PolicyError):
    """A name stands for nothing: no `what` (a group, a service, ...) is called `name`.

    `nearest` is the known one that it resembles, None when it resembles none.
    """

    def __init__(self, what: str, name: str, known: Iterable[str], listed: str = "") -> None:
        """`listed` is the command that lists the known, where they are too many for a line."""
        names = sorted(known)
        otherwise = listed or f"the {what}s are: {', '.join(names)}"
        super().__init__(f"there is no {what} {name[:80]!r}", did_you_mean(name, names, otherwise))
        self.what = what
        self.name = name
        self.nearest = nearest(name, names)


class NotUnderstoodError(Exception):
    """A file that git may read differently from us. `str()` says what it has."""


class InvalidHost(PolicyError):
    """What was given for a host, an address or a port is none."""


class FloorTooLarge(PolicyError):
    """Computing the floor would visit more directory entries than the limit."""

    def __init__(self, path: str, limit: int) -> None:
        super().__init__(
            f"{path}: more than {limit} directory entries would have to be looked at to keep "
            "what is denied inside an allowed directory out of the kernel's rules",
            "allow smaller directories, or deny by a path instead of by a pattern with wildcards",
        )
        self.path = path
        self.limit = limit


class InvalidRecord(NonoError, ValueError):
    """What was read is not what nono writes down about a run."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a profile.

    `line` and `column` count from 1, in characters; 0 when the file as a
    whole is meant.
    """

    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = f":{self.line}:{self.column}" if self.line else ""
        return f"{self.file}{place}: {self.message}"


class ProfileError(PolicyError):
    """A profile cannot be used. `problems` is everything that is wrong with it, at least one."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        super().__init__(f"{first}{more}", first.hint)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` was probably meant to be."""
    import difflib  # Most runs have no use for it.

    return next(iter(difflib.get_close_matches(name, known, n=1)), None)


def did_you_mean(name: str, known: Iterable[str], otherwise: str) -> str:
    """The hint that names the nearest known name; `otherwise` when there is none."""
    near = nearest(name, known)
    return f"did you mean {near!r}?" if near else otherwise
