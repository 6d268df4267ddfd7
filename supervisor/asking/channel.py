"""What every way to a person has in common, and when each of its parts is called.

A channel is made before the program starts. `streams` is what the program gets instead of ours,
`started` is called when it runs, `serve` is a task beside it once trio runs, and `close` is called
when no process of it is left. In between `ask` is called for each question, also for several at
the same time: a channel that can show only one lets the others wait.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol

from nono.broker.dataclass import dataclass
from nono.supervisor.streams import Streams

if TYPE_CHECKING:
    from nono.broker import Policy
    from nono.broker.asking.question import Answer, Ask, Question, Said
    from nono.supervisor.planning.options import Options


QUIET = "quiet"
"""What is revoked, instead of a number, where a person wants to be asked again."""


class ChannelGone(Exception):
    """Nobody is there any more: the question goes to the next channel, the last one refuses."""


class LiveChange(Protocol):
    """What a running sandbox allows by now, and a change of that: see `live.py`."""

    @property
    def policy(self) -> Policy:
        """What it goes by."""

    def status(self) -> dict[str, Any]:
        """As JSON has it."""

    async def grant(self, options: Options, person: str = "") -> str:
        """Allow what the options name; the number by which it can be taken back."""

    def revoke(self, number: str, person: str = "") -> None:
        """Take an answer or a grant back."""

    def reopen(self) -> bool:
        """Take the last refusal back; False when there is none."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a channel may know of the run that it asks for.

    `name` is short and this run's own; `profile` is as it was given, empty for none; `session` is
    the audit's, empty for none. `live` is what the sandbox allows by now, and how to change that.
    """

    name: str
    argv: tuple[str, ...]
    workdir: str
    profile: str
    session: str
    live: LiveChange


class ProgramTerminal(Protocol):
    """What a program has instead of the person's terminal: see `terminal/own_terminal.py`."""

    def start(self, interrupted: Callable[[], None]) -> None:
        """The program runs. `interrupted` is called for each Control-C that is a signal to it."""

    def resized(self) -> None:
        """SIGWINCH has come."""

    def leave(self) -> None:
        """Before this process stops."""

    def come_back(self) -> None:
        """After this process was continued."""

    def give_up(self) -> None:
        """What was printed and not yet shown is not waited for."""

    def close(self) -> None:
        """No process of the program is left."""


class Channel:
    """One way to a person. A subclass has `name` and `ask`, and what it needs of the rest."""

    name = ""
    is_person = True
    """False for a function, which needs no time and no company for a question."""
    is_elsewhere = False
    """True where who sits before the program may not see that it asks."""
    at_once: Callable[[Question], Said] | None = None
    """What answers before a call waits, from any thread, where a function does."""
    terminal: ProgramTerminal | None = None
    """What the program has instead of the person's terminal, where it gets one of its own."""

    @property
    def is_attached(self) -> bool:
        """Whether somebody can be asked by it now. Looked at before each question."""
        return True

    async def ask(self, question: Question) -> Answer | None:
        """Show the question and bring an answer: see `broker.asking.question.Ask`.

        Cancelled when the question is withdrawn. None, or an exception, refuses; ChannelGone hands
        the question on.
        """
        raise NotImplementedError

    @property
    def is_likely(self) -> bool:
        """Whether somebody will be there, as far as it is known before the program starts."""
        return True

    @property
    def where(self) -> str:
        """Where its questions are, for people."""
        return self.name

    async def wanted_here(self, question: Question, where: Callable[[], str]) -> None:
        """A channel that is elsewhere asks it, at `where()`: tell, and return when it is to be
        asked by this one as well. Cancelled when it is settled. By default nobody is told.
        """
        import trio

        await trio.sleep_forever()

    def streams(self, streams: Streams) -> Streams:
        """What the program gets for its standard streams, given ours: for a terminal of its own."""
        return streams

    def started(self, pid: int) -> None:
        """The program runs, as this process."""

    def settled(self, question: Question, words: str) -> None:
        """A question of this channel has its answer, or none, for people in `words`."""

    def failed(self, error: BaseException) -> None:
        """Its question was refused for an error of whoever answers, which the run's faults tell.

        Called where the error is caught, in any thread. Never raises.
        """

    async def serve(self) -> None:
        """Whatever has to be done beside the program. Cancelled at its end."""

    def close(self) -> None:
        """No process of the program is left. Called once, also when it was never started."""


class Callback(Channel):
    """A function of who uses the library."""

    name = "callback"
    is_person = False

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._has_failed = False
        self.at_once = None if is_coroutine_function(ask) else ask

    async def ask(self, question: Question) -> Answer | None:
        """Raises what the function raises: what would end the process is an error of it here."""
        try:
            return await awaited(self._ask(question))
        except SystemExit as error:
            raise RuntimeError("who is asked wants to end the process") from error

    def failed(self, error: BaseException) -> None:
        """The first one is told on the logger `nono` as well: few look at faults."""
        if not self._has_failed:
            self._has_failed = True
            try:
                import logging  # which nothing but a fault needs

                said = "nono: the function given as `ask` has failed: each such call is refused"
                logging.getLogger("nono").warning(said, exc_info=error)
            except Exception:
                return  # the thread has no right to import it; the faults have it


async def awaited(said: Said) -> Answer | None:
    """What a function says in the end. Raises what it raises."""
    return await said if isinstance(said, Awaitable) else said


def is_coroutine_function(ask: Ask) -> bool:
    """Whether what it returns is awaited: also of an object that is called."""
    # What only a program that uses the library needs is loaded only then.
    from inspect import iscoroutinefunction

    return iscoroutinefunction(ask) or iscoroutinefunction(type(ask).__call__)
