"""What holds a program on macOS: its profile; and what is served beside it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from nono.broker import Policy
from nono.shims.errors import ShimError
from nono.shims.macos import enter
from nono.shims.macos.library import library
from nono.shims.macos.paths import nearest_kernel_path
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.errors import StartError, UsageError
from nono.supervisor.macos.compiled import compiled
from nono.supervisor.macos.differences import differences
from nono.supervisor.macos.launch.ending import mark_of
from nono.supervisor.macos.refusals import RefusalLog

_NESTED = (
    "this process is in a sandbox of macOS already, and there is none inside of another",
    "switch off the sandbox of the program that started nono, or the inner one",
)


@dataclass(slots=True)
class Confinement:
    """Of one sandbox; shared by all its programs. Close it when none of them is left."""

    profile: str
    parameters: Mapping[str, str]
    mark: str
    log: RefusalLog
    broker: bool = False
    """Nothing is decided while a program waits, but for connections."""
    may_have_changed: bool = True
    """Nobody sees the calls that succeed."""
    weaker: str = ""

    @property
    def client_of_proxy(self) -> None:
        """Nobody knows whose a connection to nono's proxy is."""

    def begins(self) -> None:
        """A program is about to be started."""
        self.log.begins()

    def started(self) -> None:
        """It was started."""
        self.log.started()

    def ended(self, failed: bool) -> None:
        """Everything of a program is gone."""
        self.log.ended(failed)

    def remove_left_behind(self, is_granted: Callable[[str], bool]) -> list[str]:
        """Nothing: there are no shared places where a program could make anything."""
        return []

    def words(self) -> Iterator[str]:
        """What is told of the run besides what its policy refused."""
        return self.log.words()

    def close(self) -> None:
        """Nothing of it outlives its programs."""


def check_system() -> None:
    """Raise StartError where no program can be put into a sandbox from here."""
    try:
        library()
        nested = enter.is_held(os.getpid())
    except ShimError as error:
        raise StartError(error.message, error.hint) from error
    except OSError as error:
        raise StartError.of_step("sandbox_check", error.errno or 0) from error
    if nested:
        raise StartError(*_NESTED)


def check_differences(policy: Policy, best_effort: bool, *, limited: bool = False) -> list[str]:
    """One line for each thing that is not as on Linux and that a person gave up on.

    Raises UsageError for those that a run is refused for, unless `best_effort`.
    """
    refused = [each for each in differences(policy, limited=limited) if each.refused]
    if refused and not best_effort:
        first = refused[0]
        raise UsageError(
            f"{first.what}: {first.instead}", "add --best-effort to run with less all the same"
        )
    return [f"{each.what}: {each.instead}" for each in refused]


def confine(
    policy: Policy, decisions: Decisions, run: str, proxy_port: int | None = None
) -> Confinement:
    """Compile the profile of a completed policy, for the run of this name.

    Raises UsageError, BrokenError.
    """
    tag = f"nono-{run}"
    mark = mark_of(tag)
    profile = compiled(policy, tag, proxy_port, mark=mark, spell=_spelling()).profile
    witness = decisions.witness
    log = RefusalLog(tag, decisions, live=witness is not None and witness.every_call)
    return Confinement(profile.text(), profile.parameters(), mark, log)


def _spelling() -> Callable[[str], str]:
    """How the kernel spells a path; each is looked up once."""
    return cache(nearest_kernel_path)
