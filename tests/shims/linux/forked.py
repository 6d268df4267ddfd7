"""Run a function in a child of its own: what it does to itself cannot be undone."""

import errno
import json
import os
import pwd
import sys
import traceback
from collections.abc import Callable
from typing import Any

NOBODY = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid()
USERS = sorted({os.geteuid(), NOBODY})
"""Whoever runs the tests, and an ordinary user if that is root."""


def in_child(work: Callable[[], Any], user: int | None = None) -> Any:
    """What `work` returns (as JSON has it) in a forked child, as `user` if one is named.

    Raises ChildFailed if it raises, or is ended by a signal.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _report(work, user, writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status != 0:
        raise ChildFailed(status, answer.decode())
    return json.loads(answer)


class ChildFailed(Exception):
    """The child ended with `status` (negative: a signal) and no result."""

    def __init__(self, status: int, output: str) -> None:
        super().__init__(f"status {status}: {output}")
        self.status = status


def error_of(call: Callable[[], object]) -> str:
    """The name of the errno that `call` fails with, empty if it succeeds."""
    try:
        call()
    except OSError as error:
        assert error.errno is not None
        return errno.errorcode[error.errno]
    return ""


def _report(work: Callable[[], Any], user: int | None, writer: int) -> None:
    status = 1
    try:
        if user is not None and user != os.geteuid():
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
        answer = json.dumps(work())
        status = 0
    except BaseException:
        answer = traceback.format_exc()
    finally:
        sys.stdout.flush()
        os.write(writer, answer.encode())
        os._exit(status)
