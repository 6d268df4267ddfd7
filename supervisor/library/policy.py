"""Policies in Python: what a program may do, said step by step; and what else stands for one."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from nono.broker.policy.environment import Environment
from nono.broker.policy.policy import Policy as Rules
from nono.broker.settings import KEYS
from nono.supervisor.errors import UsageError
from nono.supervisor.library.words import in_python
from nono.supervisor.places import current_directory, home_directory
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options
from nono.supervisor.planning.plan import Plan

Path = str | os.PathLike[str]

_NOTHING = Options(block_net=True)
_REACHING = frozenset(key.option for key in KEYS if key.narrows and key.option)


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile that was found and checked: `nono profile list` shows those that have a name."""

    reference: str
    """What finds it again: its name, or the absolute path of its file."""
    notes: tuple[str, ...] = ()
    """What a person should know about its files."""

    @staticmethod
    def load(name: Path) -> Profile:
        """A profile by its name, or by a path with a slash in it or of `os.PathLike`.

        Raises PolicyError, which tells everything that is wrong with it.
        """
        from nono.supervisor.planning.profiles.kept_profiles import resolved

        reference = os.fspath(name)
        if "/" in reference or not isinstance(name, str):
            reference = os.path.abspath(os.path.expanduser(reference))
        with in_python():
            found = resolved(reference, os.environ, home_directory(os.environ))
        return Profile(reference, found.notes)


@dataclass(frozen=True, slots=True)
class Policy:
    """What a program may do: nothing, but to read the system and to start; each method adds to it.

    A policy never changes: a method returns another one. Paths may be relative to the working
    directory and begin with `~`; a directory means all that is below. Without a word about the
    network there is none.
    """

    options: Options = field(default=_NOTHING)
    """The same, as the options of `nono run`."""
    programs: tuple[str, ...] = ()
    """Programs that may be started from wherever they are, with what these need for it."""

    @staticmethod
    def python(executable: Path | None = None) -> Policy:
        """For programs in Python: this interpreter, or another one, with the packages it has."""
        return Policy(programs=(os.fspath(executable or sys.executable),))

    @staticmethod
    def of(profile: Profile | Path) -> Policy:
        """What a profile says, its network too."""
        given = profile if isinstance(profile, Profile) else Profile.load(profile)
        return Policy(Options(profile=given.reference))

    def allow(self, *paths: Path) -> Policy:
        """Read, write and execute."""
        return self._and(allow=paths)

    def read(self, *paths: Path) -> Policy:
        """Read and execute."""
        return self._and(read=paths)

    def write(self, *paths: Path) -> Policy:
        """Write, and no more."""
        return self._and(write=paths)

    def list(self, *paths: Path) -> Policy:
        """See the names in a directory, and in none below it."""
        return self._and(list=paths)

    def allow_files(self, *paths: Path) -> Policy:
        """As `allow`, for the path alone and nothing below."""
        return self._and(allow_file=paths)

    def read_files(self, *paths: Path) -> Policy:
        """As `read`, for the path alone and nothing below."""
        return self._and(read_file=paths)

    def write_files(self, *paths: Path) -> Policy:
        """As `write`, for the path alone and nothing below."""
        return self._and(write_file=paths)

    def deny(self, *patterns: Path) -> Policy:
        """Refuse, whatever else allows it: a path with all below, or a pattern as `**/.env`."""
        return self._and(deny=patterns)

    def deny_write(self, *patterns: Path) -> Policy:
        """Refuse changes, as `deny` refuses everything."""
        return self._and(deny_write=patterns)

    def bypass_protection(self, *paths: Path) -> Policy:
        """Lift what refuses these by default; what allows them has to be said besides."""
        return self._and(bypass_protection=paths)

    def unix_sockets(self, *paths: Path) -> Policy:
        """Connect to these sockets of other programs."""
        return self._and(allow_unix_socket=paths)

    def workdir(self, path: Path, *, allow: bool = False) -> Policy:
        """Where programs start; `allow` opens it as well. Otherwise it is the current directory."""
        said = replace(self.options, workdir=os.fspath(path), allow_cwd=allow)
        return replace(self, options=said)

    def hosts(self, *hosts: str) -> Policy:
        """Connect to these: `name`, `*.suffix`, `name:port`, an address or a block of addresses."""
        return self._and(allow_domain=hosts)

    def network_profile(self, name: str) -> Policy:
        """Connect to the hosts of a named set, such as `developer`."""
        return self._with(network_profile=name, block_net=False)

    def ports(self, *ports: int | str) -> Policy:
        """Connect to these ports of this machine, and listen on them."""
        return self._and(open_port=ports)

    def listen_ports(self, *ports: int | str) -> Policy:
        """Listen on these ports, for other machines too."""
        return self._and(listen_port=ports)

    def connect_ports(self, *ports: int | str) -> Policy:
        """Connect to these ports of every public host."""
        return self._and(allow_connect_port=ports)

    def deny_hosts(self, *hosts: str) -> Policy:
        """Refuse these, whatever else allows them."""
        return self._and(deny_domain=hosts)

    def no_sni_check(self, *hosts: str) -> Policy:
        """Do not compare the name that TLS tells with these hosts."""
        return self._and(no_sni_check=hosts)

    def any_network(self) -> Policy:
        """Connect to whatever is not refused."""
        return self._with(block_net=False)

    def credentials(self, *services: str) -> Policy:
        """Use services whose real keys the program never sees: docs/credentials.md."""
        return self._and(proxy_credential=services)

    def variables(self, *names: str) -> Policy:
        """Pass on environment variables that look like a secret's and are dropped otherwise."""
        return self._and(env_allow=names)

    def limits(
        self,
        *,
        memory: int | str | None = None,
        processes: int | None = None,
        cpu_time: float | str | None = None,
        timeout: float | str | None = None,
        open_files: int | None = None,
        written: int | str | None = None,
    ) -> Policy:
        """Use no more of the machine than that: docs/limits.md.

        All programs of a sandbox share `memory`, `processes`, `cpu_time` and what is `written`;
        `timeout` is for each program, and `open_files` for each process. Sizes are bytes, or text
        such as `"512M"`; times are seconds, or text such as `"5m"`.
        """
        given = {
            "memory": memory,
            "max_processes": processes,
            "cpu_time": cpu_time,
            "timeout": timeout,
            "max_open_files": open_files,
            "max_written": written,
        }
        return self._with(**{name: each for name, each in given.items() if each is not None})

    def with_options(self, **options: Any) -> Policy:
        """Any field of `Options`; what is given takes the place of what there was."""
        return self._with(**options)

    def plan(self, argv: Sequence[str] = (), env: Mapping[str, str] | None = None) -> Plan:
        """The plan for a command, or for programs that are not known yet.

        Paths and profile are looked at now. Raises UsageError, PolicyError.
        """
        with in_python():
            return make_plan(self.options, argv, env, also=self.programs)

    def _and(self, **lists: Sequence[Any]) -> Policy:
        longer = {name: (*getattr(self.options, name), *more) for name, more in lists.items()}
        reaching = any(longer.get(name) for name in _REACHING)
        return self._with(**longer, **({"block_net": False} if reaching else {}))

    def _with(self, **fields: Any) -> Policy:
        return replace(self, options=replace(self.options, **fields))


Given = Plan | Policy | Profile | Options | Rules | None
"""Whatever says what a program may do; None for nothing."""


def as_plan(given: Given, argv: Sequence[str] = ()) -> Plan:
    """The whole plan for a command. Raises UsageError, PolicyError, TypeError."""
    match given:
        case Plan():
            return given
        case None:
            return Policy().plan(argv)
        case Policy():
            return given.plan(argv)
        case Profile():
            return Policy.of(given).plan(argv)
        case Options():
            with in_python():
                return make_plan(given, argv)
        case Rules():
            return Plan(given, Environment(), current_directory())
    raise TypeError(f"a Plan, a Policy, a Profile or Options says what is allowed, not {given!r}")


def check_argv(argv: Sequence[str | os.PathLike[str]]) -> list[str]:
    """The words of a command as text. Raises TypeError, UsageError."""
    if isinstance(argv, str | bytes | os.PathLike):
        raise TypeError(f"argv is a list of words: [{argv!r}]")
    words = [os.fsdecode(each) for each in argv]
    if not words:
        raise UsageError("no command to run")
    return words
