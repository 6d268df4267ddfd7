"""What a person may ask for: the options of the command line, and of the library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """What to let a program do. Every path may begin with `~` and be relative.

    The fields are the command line's options of the same names.
    """

    allow: Sequence[str] = ()
    read: Sequence[str] = ()
    write: Sequence[str] = ()
    allow_file: Sequence[str] = ()
    read_file: Sequence[str] = ()
    write_file: Sequence[str] = ()
    deny: Sequence[str] = ()
    bypass_protection: Sequence[str] = ()
    allow_cwd: bool = False
    workdir: str | None = None
    env_allow: Sequence[str] = ()
    network_profile: str | None = None
    allow_domain: Sequence[str] = ()
    block_net: bool = False
    open_port: Sequence[int] = ()
    listen_port: Sequence[int] = ()
    allow_connect_port: Sequence[int] = ()
    allow_unix_socket: Sequence[str] = ()
    no_sni_check: Sequence[str] = ()
    dns: Sequence[str] = ()
    proxy_credential: Sequence[str] = ()
    profile: str | None = None
