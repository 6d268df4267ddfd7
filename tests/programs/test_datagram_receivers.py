"""Receivers of unix datagrams outside that a person opened: messages and answers arrive."""

import json
import socket
import threading
from pathlib import Path

from tests.conftest import Account, Nono, program_beside

PROGRAM = program_beside(__file__, "log_messages.py")


def received(log: socket.socket, into: list[bytes], count: int) -> None:
    """Take `count` messages; answer every question. Ends by itself after a while."""
    while len(into) < count:
        data, address = log.recvfrom(99)
        into.append(data)
        if data == b"question":
            log.sendto(b"answer", address)


def test_what_is_sent_arrives(as_user: Account, project: Path, nono: Nono) -> None:
    place = as_user.directory(as_user.home / f"sockets-{project.name}")
    messages: list[bytes] = []
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other,
    ):
        log.settimeout(30)
        other.setblocking(False)
        for each, name in ((log, "log"), (other, "other")):
            each.bind(str(place / name))
            (place / name).chmod(0o777)
        thread = threading.Thread(target=received, args=(log, messages, 11))
        thread.start()
        # Its name is what an answer is sent to, so it has to be one that both know.
        options = ("--allow-cwd", "--allow-unix-socket", place / "log", "--json")
        script = PROGRAM.replace('bind("answers")', f'bind("{project}/answers")')
        done = nono("run", *options, "--", "python3", "-c", script, place / "log", place / "other")
        thread.join()
        assert done.stdout.splitlines() == [
            "8 (b'answer', '" + str(place / "log") + "')",
            "8 b'answer'",
            "EACCES EPROTOTYPE",
        ]
        last = [f"{each}.{number}".encode() for each in range(3) for number in range(3)]
        assert messages[:2] == [b"question"] * 2
        # Each client's in their order, as from outside; none is lost when the program ends.
        assert sorted(messages[2:]) == last
        report = json.loads(done.stderr.splitlines()[-1])
        assert [each["path"] for each in report["denials"]] == [str(place / "other")]
        assert report["denials"][0]["fix"] == ["--allow-unix-socket", str(place / "other")]
        assert not report["internal_errors"]
