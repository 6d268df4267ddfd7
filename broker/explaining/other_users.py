"""Programs that become another user, which none can in a sandbox: no flag makes them work."""

from __future__ import annotations

from typing import Final

from nono.broker.requests import Request

_SYSTEM: Final = ("/bin/", "/usr/bin/", "/sbin/", "/usr/sbin/", "/usr/local/bin/")
_NAMES: Final = frozenset(("su", "sudo", "doas", "pkexec", "runuser", "newgrp", "sg"))
"""What needs the rights of its file's owner, or to be root with capabilities, to do anything."""


def becomes_another(request: Request) -> str:
    """The name of such a program, where one asked; empty for every other."""
    directory, slash, name = request.process.exe.rpartition("/")
    return name if name in _NAMES and f"{directory}{slash}" in _SYSTEM else ""
