"""What a person may ask for: the options of the command line and of the library, as settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nono.broker import Origin, OriginKind
from nono.broker.dataclass import dataclass
from nono.broker.settings import BY_OPTION, Key, Setting, Settings

_MAX_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Options:
    """What to let a program do. Every path may begin with `~` and be relative.

    The fields are the command line's options of the same names. A port is a number, or a range of
    them such as `"3000-3100"`.
    """

    allow: Sequence[str] = ()
    read: Sequence[str] = ()
    write: Sequence[str] = ()
    list: Sequence[str] = ()
    allow_file: Sequence[str] = ()
    read_file: Sequence[str] = ()
    write_file: Sequence[str] = ()
    deny: Sequence[str] = ()
    deny_write: Sequence[str] = ()
    bypass_protection: Sequence[str] = ()
    allow_cwd: bool = False
    workdir: str | None = None
    env_allow: Sequence[str] = ()
    network_profile: str | None = None
    allow_domain: Sequence[str] = ()
    deny_domain: Sequence[str] = ()
    block_net: bool = False
    loopback_only: bool = False
    open_port: Sequence[int | str] = ()
    listen_port: Sequence[int | str] = ()
    allow_connect_port: Sequence[int | str] = ()
    allow_unix_socket: Sequence[str] = ()
    allow_ssh_agent: bool = False
    gpu: bool = False
    preload: bool = False
    no_sni_check: Sequence[str] = ()
    dns: Sequence[str] = ()
    upstream_proxy: str | None = None
    network: str | None = None
    proxy_credential: Sequence[str] = ()
    caches: bool = False
    profile: str | None = None
    ask: str | None = None


def to_options(values: Mapping[str, Any]) -> Options:
    """The `Options` among the values of a command's options."""
    return Options(**{name: values[name] for name in Options.__match_args__})


def settings_of(options: Options) -> Settings:
    """What the options say, in their order. Those that name no setting are left out."""
    found = {}
    for name in Options.__match_args__:
        key = BY_OPTION.get(name)
        values = _values(key, getattr(options, name)) if key is not None else ()
        if key is not None and values:
            found[key.name] = tuple(
                Setting(key.name, value, Origin(OriginKind.FLAG, _spelled(key, value)))
                for value in values
            )
    return Settings(found)


def asked_by(flags: Settings, profile: Settings) -> str:
    """The channel that is to ask; empty where what no rule decides is refused."""
    flag, in_profile = flags.one("ask"), profile.one("ask")
    if flag is not None:
        return str(flag.value)
    return "auto" if in_profile is not None and in_profile.value else ""


def _values(key: Key, given: Any) -> Sequence[Any]:
    if key.stands_for is not None:
        return (key.stands_for,) if given else ()
    if not key.repeated:
        # An empty name of a profile is a mistake, not a wish for an open network.
        return () if given is None else (given,)
    values: Sequence[Any] = given
    return values


def _spelled(key: Key, value: Any) -> str:
    if key.stands_for is not None:
        return key.flag
    if key.name == "network.upstream_proxy":
        # What comes before the host may be a password.
        value = value.rpartition("@")[2][:_MAX_SHOWN]
    if key.name == "network.credentials":
        # What follows is the place of the real key.
        value = value.partition("=")[0][:_MAX_SHOWN]
    return f"{key.flag} {value}"
