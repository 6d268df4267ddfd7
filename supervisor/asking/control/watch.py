"""`nono watch` on a terminal: every run of this user's, its questions, and the keys that answer."""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import shutil
import signal
import termios
import time
import tty
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

from nono.broker.asking.control.json_rpc import Call, ProtocolError
from nono.broker.asking.control.plain_question import read_question
from nono.broker.asking.terminal.board import Board, Paused, Picked, Quit
from nono.broker.errors import InvalidRecord
from nono.broker.visible import visible
from nono.supervisor.asking.control.client import Client, GoneError
from nono.supervisor.asking.control.listening import remove_left_behind, run_of, sockets
from nono.supervisor.places import home_directory

_LOOK_SECONDS = 0.25
_COMES_SECONDS = 2.0
_AGAIN_SECONDS = 1.0
"""Between two looks at whether a run asks elsewhere, of which nobody here is told."""
_CHUNK = 4096
_ENTER = b"\x1b[?1049h\x1b[?2004h"
_LEAVE = b"\x1b[?2004l\x1b[?1049l"

Tell = Callable[[str, Call], None]
"""Something that a run told, by its name."""


class Watching:
    """Clients of all runs, or of one. `find` looks which sockets there are."""

    def __init__(self, find: Callable[[], list[str]], tell: Tell, *, answers: bool) -> None:
        self._find = find
        self._tell = tell
        self._answers = answers
        self.clients: dict[str, Client] = {}
        self._refusing: set[str] = set()

    def look(self) -> list[Client]:
        """Attach to the runs that are new; those of them."""
        paths = self._find()
        self._refusing &= {*paths}
        found = []
        for path in paths:
            run = run_of(path)
            if run in self.clients or path in self._refusing:
                continue
            try:
                client = Client(path, answers=self._answers, name="nono watch")
            except ProtocolError:
                self._refusing.add(path)
            except GoneError:
                self._refusing.add(path)
                remove_left_behind(path)
            else:
                self.clients[run] = client
                found.append(client)
                self._pass_on(client, client.heard())
        return found

    def listen(self, readable: set[int]) -> list[str]:
        """Pass on what runs told; the names of those that have ended."""
        ended = []
        for run, client in [*self.clients.items()]:
            if client.fileno() not in readable:
                continue
            try:
                self._pass_on(client, client.events())
            except GoneError:
                self._forget(run)
                ended.append(run)
        return ended

    def look_again(self) -> None:
        """Ask the runs that may ask somebody how they stand; they tell it as `status`."""
        for client in self.clients.values():
            if client.status.get("channels"):
                client.look_again()

    def answer(self, picked: Picked) -> bool:
        """True where the run took it; others may have been faster."""
        client = self.clients.get(picked.run)
        if client is None:
            return False
        try:
            client.request("answer", question=picked.question, offer=picked.offer)
        except (ProtocolError, GoneError):
            return False
        self._pass_on(client, client.heard())
        return True

    def _pass_on(self, client: Client, calls: Iterator[Call]) -> None:
        for call in calls:
            self._tell(client.run, call)

    def _forget(self, run: str) -> None:
        self.clients.pop(run).close()

    def close(self) -> None:
        for run in [*self.clients]:
            self._forget(run)


def every_run(env: Mapping[str, str]) -> Callable[[], list[str]]:
    """Looks for the sockets of all runs."""
    return lambda: sockets(env)


def watch(
    find: Callable[[], list[str]], only: int | None, stdin: int, stdout: int, before: str = ""
) -> bool:
    """On this terminal, until the person quits or the `only` question is decided.

    `before` are words for a question that was withdrawn and was here before. True where that one
    was answered here. What still waits then is asked elsewhere.
    """
    board = Board(only, home_directory(os.environ), before)
    answered = False
    until = again = time.monotonic()
    until += _COMES_SECONDS

    def tell(run: str, call: Call) -> None:
        if call.method == "status":
            board.stands(run, call.params)
            return
        if call.method != "question":
            board.told(run, call.method, call.params)
            return
        with contextlib.suppress(InvalidRecord):
            if board.asked(run, read_question(dict(call.params))):
                _write(stdout, b"\x07")

    watching = Watching(find, tell, answers=True)
    with contextlib.closing(watching), _Screen(stdin, stdout) as screen:
        drawn: list[str] | None = None
        while True:
            for client in watching.look():
                board.started(client.run, _words(client.status))
            if only is None and time.monotonic() >= again:
                again = time.monotonic() + _AGAIN_SECONDS
                watching.look_again()
            if only is not None and (
                not watching.clients or (board.is_idle and time.monotonic() > until)
            ):
                return answered
            drawn = _draw(board, stdout, drawn)
            if board.is_over:
                return answered
            readable = _readable([stdin, *(c.fileno() for c in watching.clients.values())])
            for run in watching.listen(readable):
                board.ended(run)
            if stdin not in readable:
                continue
            data = _typed(stdin)
            for each in board.typed(data, time.monotonic()) if data else [Quit()]:
                match each:
                    case Quit():
                        screen.said = _left(board.waiting) if only is None else ""
                        return answered
                    case Paused() if only is None:
                        screen.pause()
                        board.hidden()
                        drawn = None
                    case Picked():
                        answered = watching.answer(each)


def _left(waiting: int) -> str:
    """What becomes of the questions that were not answered here."""
    if not waiting:
        return ""
    what = f"{waiting} questions wait" if waiting > 1 else "1 question waits"
    return f"nono watch: {what}: who else is there is asked; where nobody is, it is refused\r\n"


def _typed(stdin: int) -> bytes:
    """Nothing at the end, as when the terminal has hung up."""
    try:
        return os.read(stdin, _CHUNK)
    except OSError:
        return b""


def _readable(descriptors: list[int]) -> set[int]:
    ready, _, _ = select.select(descriptors, [], [], _LOOK_SECONDS)
    return set(ready)


def _draw(board: Board, stdout: int, drawn: list[str] | None) -> list[str]:
    """Draw what has changed; what is on the screen."""
    size = shutil.get_terminal_size()
    lines = board.lines(size.columns, size.lines)
    if lines != drawn or board.has_new:
        _write(stdout, b"\x1b[H\x1b[2J" + "\r\n".join(lines).encode("utf-8", "replace"))
        board.drawn(time.monotonic())
    return lines


def _words(status: Mapping[str, Any]) -> str:
    words = status.get("argv")
    return visible(shlex.join(map(str, words))) if isinstance(words, list) else ""


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


class _Screen:
    """A screen of its own, and keys as they are typed; everything is put back at the end."""

    def __init__(self, stdin: int, stdout: int) -> None:
        self._stdin, self._stdout = stdin, stdout
        self._before = termios.tcgetattr(stdin)
        self.said = ""
        """What is left to be read when it is put back."""

    def __enter__(self) -> Self:
        tty.setraw(self._stdin, termios.TCSAFLUSH)
        _write(self._stdout, _ENTER)
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(OSError):  # it may have hung up
            _write(self._stdout, _LEAVE + self.said.encode())
        with contextlib.suppress(termios.error):
            termios.tcsetattr(self._stdin, termios.TCSADRAIN, self._before)

    def pause(self) -> None:
        """Stop, as by Control-Z, until somebody continues the job."""
        self.__exit__()
        os.killpg(0, signal.SIGTSTP)
        self.__enter__()
