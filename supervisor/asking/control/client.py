"""A client of control sockets: for `nono ps`, `nono kill` and `nono watch`."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

from nono.broker.asking.control import json_rpc
from nono.broker.asking.control.conversation import PROTOCOL
from nono.broker.asking.control.json_rpc import Call, ProtocolError, Reply
from nono.broker.asking.control.lines import Lines, TooLongError
from nono.supervisor.asking.control.listening import connect, run_of, sockets
from nono.supervisor.errors import UsageError

_SECONDS = 3.0
_CHUNK = 1 << 16
_MAX_EVENTS = 1000


class GoneError(Exception):
    """The run has ended, or what answers is no run of ours."""


class SilentError(GoneError):
    """The run is there and does not answer, such as one that is stopped."""


class Client:
    """A connection to one run. Every method raises GoneError when the run is not there any more."""

    def __init__(
        self, path: str, *, answers: bool = False, name: str = "nono", seconds: float = _SECONDS
    ) -> None:
        """`seconds` are waited for an answer; those to `hello` are the usual ones."""
        self.run = run_of(path)
        self.path = path
        try:
            self._socket = connect(path)
            self._socket.settimeout(_SECONDS)
        except BlockingIOError as error:
            raise SilentError("it does not answer") from error
        except OSError as error:
            raise GoneError(str(error)) from error
        self._lines = Lines()
        self._events: deque[Call] = deque()
        self._last = 0
        self._looks = 0
        """The call of `look_again` that was not answered yet; 0 for none."""
        try:
            self._seconds = _SECONDS
            self.status = self.request("hello", protocol=PROTOCOL, client=name, answers=answers)
            self._seconds = seconds
            self._socket.settimeout(seconds)
        except BaseException:
            self.close()
            raise

    def fileno(self) -> int:
        return self._socket.fileno()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def request(self, method: str, **params: Any) -> Mapping[str, Any]:
        """What the run answers. Raises ProtocolError when it will not."""
        self._last += 1
        try:
            self._socket.sendall(json_rpc.request(self._last, method, **params))
        except OSError as error:
            raise GoneError(str(error)) from error
        until = time.monotonic() + self._seconds
        while time.monotonic() < until:
            replies = [each for each in self._hear() if each.id == self._last]
            if replies:
                return _result(replies[0])
        raise SilentError("it does not answer")

    def look_again(self) -> None:
        """Ask how the run stands without waiting for it: its answer is the event `status`."""
        if self._looks:
            return  # one that is stopped gets no more to read
        self._last += 1
        self._looks = self._last
        with contextlib.suppress(OSError):  # who listens hears that it is gone
            self._socket.sendall(json_rpc.request(self._last, "status"))

    def events(self) -> Iterator[Call]:
        """What came by itself so far; for when there is something to read. Blocks otherwise."""
        self._hear()
        return self.heard()

    def heard(self) -> Iterator[Call]:
        """What came by itself meanwhile, without looking for more."""
        while self._events:
            yield self._events.popleft()

    def _hear(self) -> list[Reply]:
        """The replies among what came; the rest is kept."""
        received = self._receive()
        calls = [each for each in map(self._told, received) if isinstance(each, Call)]
        self._events.extend(calls[: _MAX_EVENTS - len(self._events)])
        return [each for each in received if isinstance(each, Reply)]

    def _told(self, message: Call | Reply) -> Call | Reply:
        """The message, as an event where it answers `look_again`."""
        if not isinstance(message, Reply) or not self._looks or message.id != self._looks:
            return message
        self._looks = 0
        return Call("status", message.result if isinstance(message.result, dict) else {})

    def _receive(self) -> list[Call | Reply]:
        try:
            data = self._socket.recv(_CHUNK)
            if not data:
                raise GoneError("it has ended")
            return [json_rpc.parse(line) for line in self._lines.feed(data)]
        except TimeoutError as error:
            raise SilentError("it does not answer") from error
        except (OSError, ProtocolError, TooLongError) as error:
            raise GoneError(str(error)) from error


def _result(reply: Reply) -> Mapping[str, Any]:
    if reply.error is not None:
        code, message = reply.error.get("code"), reply.error.get("message")
        code = code if isinstance(code, int) else json_rpc.INTERNAL_ERROR
        data = reply.error.get("data")
        hint = data.get("hint", "") if isinstance(data, dict) else ""
        raise ProtocolError(code, str(message), reply.id, str(hint))
    return reply.result if isinstance(reply.result, dict) else {}


def found(name: str, env: Mapping[str, str]) -> str:
    """The path of the socket that a run, a beginning of one, or a path names. Raises UsageError."""
    if "/" in name:
        return name
    paths = [path for path in sockets(env) if run_of(path).startswith(name)]
    exact = [path for path in paths if run_of(path) == name]
    alive = exact or [path for path in paths if _answers(path)]
    if len(alive) == 1:
        return alive[0]
    what = f"there are {len(alive)} runs" if alive else "there is no run"
    raise UsageError(f"{what} called {name!r}", "nono ps")


def _answers(path: str) -> bool:
    try:
        connect(path).close()
    except BlockingIOError:
        return True  # too many wait already for one that is stopped
    except OSError:
        return False
    return True


def only(env: Mapping[str, str]) -> str:
    """The path of the socket of the one run that there is. Raises UsageError."""
    alive = [path for path in sockets(env) if _answers(path)]
    if len(alive) == 1:
        return alive[0]
    raise UsageError(f"there are {len(alive)} runs" if alive else "there is no run", "nono ps")
