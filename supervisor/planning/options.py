"""What a person may ask for: the options of the command line and of the library, as settings."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence

from nono.broker import Origin, OriginKind
from nono.broker.dataclass import dataclass
from nono.broker.settings import BY_OPTION, Key, Setting, Settings

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Any

    from nono.broker.limits import Limits

_MAX_SHOWN = 80
_UNSAID: dict[str, Any] = {}
"""Every field of `Options` and its default."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to let a program do. Every path may begin with `~` and be relative.

    The fields are the command line's options of the same names. A port is a number, or a range of
    them such as `"3000-3100"`. Raises TypeError for a string where several things may be meant.
    """

    allow: Sequence[str | os.PathLike[str]] = ()
    read: Sequence[str | os.PathLike[str]] = ()
    write: Sequence[str | os.PathLike[str]] = ()
    list: Sequence[str | os.PathLike[str]] = ()
    allow_file: Sequence[str | os.PathLike[str]] = ()
    read_file: Sequence[str | os.PathLike[str]] = ()
    write_file: Sequence[str | os.PathLike[str]] = ()
    deny: Sequence[str | os.PathLike[str]] = ()
    deny_write: Sequence[str | os.PathLike[str]] = ()
    bypass_protection: Sequence[str | os.PathLike[str]] = ()
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
    allow_unix_socket: Sequence[str | os.PathLike[str]] = ()
    allow_ssh_agent: bool = False
    gpu: bool = False
    preload: bool = True
    no_sni_check: Sequence[str] = ()
    dns: Sequence[str] = ()
    upstream_proxy: str | None = None
    network: str | None = None
    proxy_credential: Sequence[str] = ()
    caches: bool = False
    profile: str | None = None
    ask: str | None = None
    memory: int | str | None = None
    max_processes: int | str | None = None
    cpu_time: float | str | None = None
    timeout: float | str | None = None
    max_open_files: int | str | None = None
    max_written: int | str | None = None

    def __post_init__(self) -> None:
        for name, default in _UNSAID.items():
            given = getattr(self, name)
            if given is default:
                continue
            kept = _checked(name, default, given)
            if kept is not given:
                object.__setattr__(self, name, kept)


_NOTHING = Options()
_UNSAID.update((name, getattr(_NOTHING, name)) for name in Options.__match_args__)


def _checked(name: str, default: Any, given: Any) -> Any:
    """A field's value, with every path as text. Raises TypeError."""
    if default == ():
        if isinstance(given, str | bytes | os.PathLike) or not isinstance(given, Iterable):
            raise TypeError(f"{name} is a list: {name}=[{given!r}]")
        return tuple(_word(name, each) for each in given)
    if isinstance(default, bool):
        if not isinstance(given, bool):
            raise TypeError(f"{name} is True or False, not {given!r}")
        return given
    if name == "profile" and isinstance(given, os.PathLike):
        return os.path.abspath(os.fsdecode(given))  # a file, and not a name
    return os.fsdecode(given) if isinstance(given, os.PathLike) else given


def _word(name: str, given: Any) -> Any:
    if isinstance(given, os.PathLike | bytes):
        return os.fsdecode(given)
    if not isinstance(given, str | int) or isinstance(given, bool):
        raise TypeError(f"{name} has {given!r} in it, which is neither text nor a path nor a port")
    return given


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


def limits_said(flags: Settings, profile: Settings) -> Limits | None:
    """What may be used of the machine; None where nobody says. Raises UsageError, PolicyError."""
    if not any(name.startswith("limits.") for name in (*flags.settings, *profile.settings)):
        return None
    # What only a run with limits needs is loaded only then.
    from nono.supervisor.planning.limits import limits_of

    return limits_of(flags, profile)


def _values(key: Key, given: Any) -> Sequence[Any]:
    if key.stands_for is not None:
        return (key.stands_for,) if bool(given) == bool(key.stands_for) else ()
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
