"""What the lane in C is told of names: how the questions are answered that look-ups consist of.

Whom the lane connects to the name server it also answers, in the words that it was told here when
the same was asked before. What is asked for the first time is read and answered here, in the
loop's thread; what is odd goes to the name server that knows all of DNS (`dns_stub.py`), together
with its client.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from nono.shims.linux.lane import Lane
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.linux.network.plain_look_ups import plain_answer
from nono.supervisor.network import hosts_file
from nono.supervisor.network.watched_file import WatchedFile

if TYPE_CHECKING:
    from nono.supervisor.linux.network.service import NetworkService

_BACKLOG = 16
_HOSTS_FILE = "/etc/hosts"


class KnownNames:
    """Used from the loop's thread."""

    def __init__(self, lane: Lane, decisions: Decisions, network: NetworkService) -> None:
        """Raises OSError."""
        self._decisions = decisions
        self._network = network
        self._hosts = WatchedFile(_HOSTS_FILE, hosts_file.parse, hosts_file.MAX_BYTES + 1)
        listener = socket.create_server(("127.0.0.1", 0), backlog=_BACKLOG)
        listener.setblocking(False)
        # What was answered before is not waited for: its receipt would come late.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._server = lane.lead_look_ups(listener, self._asked)
        self.is_full = False
        """Who looks up a name waits in the backlog of the other name server, not here."""

    def _asked(self) -> None:
        """A client of the lane's asks what that does not know, or has been silent for long."""
        question = self._server.question
        reply = (
            None if question is None else plain_answer(question, self._network.names, self._here)
        )
        if question is None or reply is None:
            self._let_go()
            return
        self._server.reply(reply)
        self._server.know(question, reply, self._hosts.signature)

    def _here(self, host: str) -> tuple[str, ...]:
        # Read in any case: whatever is answered is told of together with the file as it is now.
        found = hosts_file.on_loopback(self._hosts.current(), host)
        return () if self._decisions.policy.network.restricts_host(host) else found

    def _let_go(self) -> bool:
        left = self._server.let_go()
        if left is not None:
            self._network.handed_clients.give(*left)
            self.look_for_room()
        return left is not None

    def look_for_room(self) -> None:
        """Many that are handed over wait to be taken: no more are led here meanwhile."""
        self.is_full = not self._network.handed_clients.has_room
        self._server.take(nobody=self.is_full)

    def let_all_go(self) -> None:
        """The lane receives nothing for a while, so it hears no client either."""
        while self._let_go():
            pass

    def forget(self) -> None:
        """The policy is another one."""
        self._server.forget()

    def close(self) -> None:
        self._server.close()
