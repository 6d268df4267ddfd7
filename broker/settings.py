"""Settings: what a person says, by a flag or in a profile, and the one table of what can be said.

`--read /srv` and `"filesystem": {"read": ["/srv"]}` are the same setting from two origins: both
become rules in the same way, and whoever names a flag takes its spelling from here.
"""

from __future__ import annotations

from collections.abc import Mapping

from nono.broker.dataclass import dataclass, field
from nono.broker.enumeration import Enum
from nono.broker.errors import Problem
from nono.broker.named_tuple import NamedTuple
from nono.broker.rules.access import ALL_ACCESS, CHANGING, FLOOR_ACCESS, READ_WRITE, Access
from nono.broker.rules.rule import Effect, Origin, OriginKind

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from typing import Any


class Kind(Enum):
    """What a value stands for, where it becomes a rule."""

    REFUSED = "a path with all below, or a pattern of paths"
    ASKED = "a path with all below, or a pattern of paths, that a person is asked about"
    DIRECTORY = "a directory with all below"
    FILE = "a path alone"
    LISTED = "a directory alone: the names in it"
    SOCKET = "the path of a unix socket"
    HOST_GROUPS = "the hosts of a network profile"
    HOST = "a host"
    REFUSED_HOST = "a host that is refused"
    PUBLIC_PORT = "a port of every public host, or a range of them"
    LOCAL_PORT = "a port of this machine, or a range of them"
    LISTENING_PORT = "a port to listen on, or a range of them"
    UNCHECKED_HOST = "a host whose name in TLS is not compared"


REACHING = frozenset({Kind.HOST_GROUPS, Kind.HOST, Kind.PUBLIC_PORT, Kind.LOCAL_PORT})
"""Settings of these kinds name what may be connected to."""


class Key(NamedTuple):
    """What can be set. `name` is the profile's key, with a dot after its section.

    `option` is the field of `Options`, empty where there is no flag. A key without a `kind` has a
    reader of its own. `narrows`: once it is said, nothing is reached but what is named.
    `repeated`: a flag may be given several times. `stands_for` is what a flag without a value says;
    None where the flag has a value, False where it takes back what holds without it: `--no-OPTION`.
    `in_profile`: not a flag alone. `method` is the one of the library's `Policy` that says the
    same, and adds to what there was; of `limits` the argument is called as the key. Where it is
    empty, the field of `Options` is what says it in Python.
    """

    name: str
    option: str = ""
    kind: Kind | None = None
    access: Access = Access(0)
    effect: Effect = Effect.ALLOW
    narrows: bool = False
    repeated: bool = True
    stands_for: Any = None
    in_profile: bool = True
    method: str = ""

    @property
    def flag(self) -> str:
        """The option as it is given on the command line."""
        return "--" + "no-" * (self.stands_for is False) + self.option.replace("_", "-")


_READ = Access.READ | Access.EXECUTE

# The order is that of the rules. No key that opens a directory opens what listens in it: a unix
# socket is more than a file, and the sandbox may connect to its own anywhere.
KEYS = (
    Key("filesystem.deny", "deny", Kind.REFUSED, ALL_ACCESS, Effect.DENY, method="deny"),
    Key(
        "filesystem.deny_write",
        "deny_write",
        Kind.REFUSED,
        CHANGING,
        Effect.DENY,
        method="deny_write",
    ),
    Key("filesystem.ask", "", Kind.ASKED, ALL_ACCESS, Effect.ASK),
    Key("filesystem.allow", "allow", Kind.DIRECTORY, FLOOR_ACCESS, method="allow"),
    Key("filesystem.read", "read", Kind.DIRECTORY, _READ, method="read"),
    Key("filesystem.write", "write", Kind.DIRECTORY, Access.WRITE, method="write"),
    Key("filesystem.list", "list", Kind.LISTED, Access.READ, method="list"),
    Key("filesystem.allow_file", "allow_file", Kind.FILE, FLOOR_ACCESS, method="allow_files"),
    Key("filesystem.read_file", "read_file", Kind.FILE, _READ, method="read_files"),
    Key("filesystem.write_file", "write_file", Kind.FILE, Access.WRITE, method="write_files"),
    Key(
        "filesystem.unix_socket",
        "allow_unix_socket",
        Kind.SOCKET,
        Access.CONNECT,
        method="unix_sockets",
    ),
    Key("filesystem.ssh_agent", "allow_ssh_agent", stands_for=True),
    Key("filesystem.bypass_protection", "bypass_protection", method="bypass_protection"),
    Key("filesystem.caches", "caches", stands_for=True),
    Key("workdir.access", "allow_cwd", stands_for="readwrite"),
    Key("environment.allow_vars"),
    Key("environment.deny_vars"),
    Key("environment.set_vars"),
    Key("environment.env_allow", "env_allow", in_profile=False, method="variables"),
    Key("network.block", "block_net", stands_for=True),
    Key("network.loopback_only", "loopback_only", stands_for=True),
    Key(
        "network.network_profile",
        "network_profile",
        Kind.HOST_GROUPS,
        Access.CONNECT,
        narrows=True,
        repeated=False,
        method="network_profile",
    ),
    Key(
        "network.allow_domain",
        "allow_domain",
        Kind.HOST,
        Access.CONNECT,
        narrows=True,
        method="hosts",
    ),
    Key(
        "network.deny_domain",
        "deny_domain",
        Kind.REFUSED_HOST,
        Access.CONNECT,
        Effect.DENY,
        method="deny_hosts",
    ),
    Key("network.ask_domain", "", Kind.HOST, Access.CONNECT, Effect.ASK, narrows=True),
    Key(
        "network.connect_port",
        "allow_connect_port",
        Kind.PUBLIC_PORT,
        Access.CONNECT,
        narrows=True,
        method="connect_ports",
    ),
    Key(
        "network.open_port",
        "open_port",
        Kind.LOCAL_PORT,
        Access.CONNECT,
        narrows=True,
        method="ports",
    ),
    Key(
        "network.listen_port",
        "listen_port",
        Kind.LISTENING_PORT,
        Access.CONNECT,
        narrows=True,
        method="listen_ports",
    ),
    Key("network.credentials", "proxy_credential", narrows=True, method="credentials"),
    Key("network.custom_credentials"),
    Key(
        "network.no_sni_check",
        "no_sni_check",
        Kind.UNCHECKED_HOST,
        Access.CONNECT,
        in_profile=False,
        method="no_sni_check",
    ),
    Key("network.dns", "dns", in_profile=False),
    Key("network.upstream_proxy", "upstream_proxy", repeated=False, in_profile=False),
    Key("network.by", "network", narrows=True, repeated=False, in_profile=False),
    Key("groups.gpu", "gpu", stands_for=True, in_profile=False),
    Key("groups.include"),
    Key("groups.exclude"),
    Key("env_credentials"),
    Key("limits.memory", "memory", repeated=False, method="limits"),
    Key("limits.processes", "max_processes", repeated=False, method="limits"),
    Key("limits.cpu_time", "cpu_time", repeated=False, method="limits"),
    Key("limits.timeout", "timeout", repeated=False, method="limits"),
    Key("limits.open_files", "max_open_files", repeated=False, method="limits"),
    Key("limits.written", "max_written", repeated=False, method="limits"),
    Key("ask", "ask", repeated=False),
    Key("preload", "preload", stands_for=False, in_profile=False),
    Key("rollback.exclude_patterns"),
    Key("rollback.exclude_globs"),
)
BY_NAME: Mapping[str, Key] = {key.name: key for key in KEYS}
BY_OPTION: Mapping[str, Key] = {key.option: key for key in KEYS if key.option}

_GRANTING = {(key.kind, key.access & READ_WRITE): key for key in KEYS if key.access & READ_WRITE}


def flag(name: str) -> str:
    """The flag that says the same as the profile's key of this name, such as `network.block`."""
    return BY_NAME[name].flag


def granting(access: Access, kind: Kind) -> Key | None:
    """The key that grants just this of reading and writing, on such an object, if there is one."""
    return _GRANTING.get((kind, access & READ_WRITE))


class Setting(NamedTuple):
    """One value that a person set: a flag, or in a profile an element of a list, an entry of an
    object, or a whole value.

    `key` is the name of its `Key`. The origin has the flag and its value, or the profile's file and
    key; `line` and `column` are the place in the file. `name` is an entry's own, else empty.
    """

    key: str
    value: Any
    origin: Origin
    line: int = 0
    column: int = 0
    name: str = ""

    @property
    def file(self) -> str:
        """The profile; empty for a flag."""
        return self.origin.file or ""

    def problem(self, message: str, hint: str) -> Problem:
        """A problem with this value of a profile, at its place."""
        return Problem(self.file, self.line, self.column, f"{self.key}: {message}", hint)

    def __str__(self) -> str:
        if self.origin.kind is OriginKind.FLAG:
            return self.origin.name
        place = f":{self.line}:{self.column}" if self.line else ""
        return f"{self.file}{place}: {self.key}"


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting of one origin by its key, in order.

    `cleared` are keys that were emptied on purpose and not filled again.
    """

    settings: Mapping[str, tuple[Setting, ...]] = field(default_factory=dict)
    cleared: frozenset[str] = frozenset()

    def all(self, key: str) -> tuple[Setting, ...]:
        """The settings of a list or an object; for others at most one."""
        return self.settings.get(key, ())

    def one(self, key: str) -> Setting | None:
        """The setting of a value that is no list."""
        return next(iter(self.all(key)), None)

    def values(self, key: str) -> tuple[Any, ...]:
        """What was set, without the origins."""
        return tuple(setting.value for setting in self.all(key))

    def speak_of(self, key: str) -> bool:
        """True when the key was given, be it to empty it."""
        return key in self.settings or key in self.cleared
