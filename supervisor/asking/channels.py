"""The channels that `--ask=NAME` names: one table, a row for each.

A row names the function that makes its channel, so that nothing of a channel is loaded that is not
used. The function gets the run, what stood after `NAME:`, and whether the person named the channel;
it returns the channel, or None where there is nobody to be asked by it. For a channel that was
named it raises UsageError instead. What `--ask` alone tries, it tries in the order of the table,
and takes all that are there: who is attached when a question comes is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from nono.broker.dataclass import dataclass
from nono.broker.named_tuple import NamedTuple
from nono.broker.settings import flag
from nono.supervisor.asking.channel import Callback, Channel, Run
from nono.supervisor.errors import UsageError

if TYPE_CHECKING:
    from nono.broker.asking.question import Ask

AUTOMATIC = "auto"
"""What `--ask` without a name stands for."""
NOBODY = "none"

Open = Callable[[Run, str, bool], Channel | None]


class Row(NamedTuple):
    """`opener` is `module:function`. `automatic`: `--ask` alone tries it. `takes_value`: a path
    has to follow the name."""

    name: str
    opener: str
    automatic: bool = False
    takes_value: bool = False


_HERE = "nono.supervisor.asking"
ROWS: tuple[Row, ...] = (
    Row("watch", f"{_HERE}.control.over_control:open_attached", automatic=True),
    Row("tmux", f"{_HERE}.control.popup:open_popup", automatic=True),
    Row("tty", f"{_HERE}.terminal.this_terminal:open_drawn", automatic=True),
    Row("plain", f"{_HERE}.terminal.this_terminal:open_plain"),
    Row("socket", f"{_HERE}.control.to_socket:open_socket", takes_value=True),
    Row("acp", f"{_HERE}.acp:open_acp"),
    Row("notify", f"{_HERE}.control.notify:open_notify"),
)
"""The best first: who attached to the control socket, a popup, this terminal."""


@dataclass(frozen=True, slots=True)
class Channels:
    """Who is asked in a run. `open` makes the channels; the rest is what they may know of it.

    `kept_in` is the file that answers for later runs are kept in; empty for none.
    """

    open: Callable[[Run], Sequence[Channel]]
    argv: tuple[str, ...] = ()
    profile: str = ""
    kept_in: str = ""


def of_callback(ask: Ask) -> Channels:
    """A function of a library's user is asked, and nobody else."""
    return Channels(lambda run: [Callback(ask)])


def check(text: str) -> None:
    """Raise UsageError when `--ask=TEXT` names no channel."""
    if text not in (AUTOMATIC, NOBODY):
        _row(text)


def named(text: str) -> Callable[[Run], Sequence[Channel]]:
    """What makes the channels that `--ask=TEXT` stands for. Raises UsageError."""
    check(text)
    return lambda run: _open(text, run)


def _open(text: str, run: Run) -> list[Channel]:
    if text == NOBODY:
        return []
    if text != AUTOMATIC:
        row, value = _row(text)
        channel = _opener(row)(run, value, True)
        return [] if channel is None else [channel]
    found = (_opener(row)(run, "", False) for row in ROWS if row.automatic)
    return [channel for channel in found if channel is not None]


def _opener(row: Row) -> Open:
    module, _, function = row.opener.partition(":")
    opener: Open = getattr(import_module(module), function)
    return opener


def _row(text: str) -> tuple[Row, str]:
    name, colon, value = text.partition(":")
    row = next((row for row in ROWS if row.name == name), None)
    if row is None or bool(colon) != row.takes_value:
        known = ", ".join(
            [NOBODY, *(f"{row.name}:PATH" if row.takes_value else row.name for row in ROWS)]
        )
        raise UsageError(
            f"{flag('ask')}={text[:80]}: no such channel; a program to run comes after --",
            f"there are: {known}",
        )
    return row, value
