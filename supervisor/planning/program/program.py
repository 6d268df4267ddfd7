"""What a command needs to start at all: its program, the interpreter behind it, and their library.

`python3` from a virtual environment is a chain: a link in the environment, and the installation
that it was made from. A script adds the program of its `#!` line, a package of npm's is needed as
a whole, and the interpreters that PATH names are there for whatever is started later. All of it
must be readable and executable, wherever it is, without a flag. This is advisory reading before
the start; the policy's refusals still beat what is found here.

What an earlier run or a repository's author may have written has little say: a link or a `#!` line
that leads out of such a directory opens an installation of an interpreter, and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from nono.broker import Access, Effect, File, Origin, OriginKind, Rule, Subtree, is_within
from nono.broker.dataclass import dataclass, field
from nono.broker.named_tuple import NamedTuple
from nono.broker.settings import flag
from nono.supervisor import looks
from nono.supervisor.places import canonical
from nono.supervisor.planning.program.beginnings import first_line, head_of
from nono.supervisor.planning.program.commands import (
    SHELLS,
    further_programs,
    programs_of_text,
    starts_others,
)
from nono.supervisor.planning.program.installation import (
    installation_of,
    is_environment,
    is_switch,
    opened_of,
    package_of,
)
from nono.supervisor.walk import Changeable, way

_DEPTH = 8
_READ = Access.READ | Access.EXECUTE
_ENVIRONMENTS = ("VIRTUAL_ENV", "CONDA_PREFIX")
_INTERPRETERS = ("python3", "python", "node")
_SYSTEM = frozenset(("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin"))
"""Where programs are whose libraries every program may read: the group `system_read_linux_core`."""


@dataclass(slots=True)
class Needed:
    """Canonical paths: single files, and directories with all that is in them.

    `left_out` are files that something in a repository leads to, outside of it: not opened.
    """

    files: list[str] = field(default_factory=list)
    directories: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def needed_by(
    command: str,
    env: Mapping[str, str],
    cwd: str,
    home: str,
    changeable: Iterable[str] = (),
    arguments: Sequence[str] = (),
) -> Needed:
    """What starting `command` reads, in addition to what the system groups allow.

    `changeable` are the directories, besides `cwd`, that an earlier run may have filled. The
    `arguments` count where the command is a shell or a wrapper, which starts what they name.
    """
    search = _Search(env, cwd, home, Changeable((cwd, *changeable)))
    program = find_program(command, env, cwd)
    if program is not None:
        search.program(program, None, _DEPTH)
        if starts_others(command):  # else nobody reads the arguments
            for further in further_programs((command, *arguments), search.find):
                search.program(further, None, _DEPTH)
    search.interpreters_on_path()
    for name in _ENVIRONMENTS:
        prefix = env.get(name, "")
        if os.path.isabs(prefix):
            search.environment(prefix)
    return search.needed


def find_program(command: str, env: Mapping[str, str], cwd: str) -> str | None:
    """The file that execvp(3) would run, with links not resolved; None when there is none."""
    candidates: Iterable[str]
    if "/" in command:
        candidates = [command]
    else:
        search = env.get("PATH", os.defpath).split(os.pathsep)
        tops = (each if each[-1:] == "/" else f"{each or '.'}/" for each in search)
        candidates = (f"{top}{command}" for top in tops)
    for candidate in candidates:
        path = candidate if candidate.startswith("/") else os.path.join(cwd, candidate)
        if looks.isfile(path) and looks.access(path, os.X_OK):
            return path
    return None


class _Search:
    """`by` is the changeable directory that led to a place; None where a person did."""

    def __init__(self, env: Mapping[str, str], cwd: str, home: str, changeable: Changeable) -> None:
        self.needed = Needed()
        self._env = env
        self._cwd = cwd
        self._home = home
        self._changeable = changeable
        self._known: dict[str, str | None] = {}
        self._wrappers: dict[str, int] = {}
        self._looked_at: dict[tuple[str, str | None], int] = {}

    def find(self, name: str) -> str | None:
        """The file that a name would run here."""
        if name not in self._known:
            is_name = name and "\0" not in name
            self._known[name] = find_program(name, self._env, self._cwd) if is_name else None
        return self._known[name]

    def interpreters_on_path(self) -> None:
        """Those that a program started later finds by their names, when the system has them not."""
        for name in _INTERPRETERS:
            found = self.find(name)
            if found is None or _is_of_the_system(found):
                continue
            said = len(self.needed.left_out)
            self.program(found, None, _DEPTH)
            del self.needed.left_out[said:]  # nobody named it: there is nothing to tell

    def program(self, path: str, by: str | None, depth: int) -> None:
        """A program, what it is a link to, and the program of its first line."""
        if self._looked_at.get((path, by), 0) >= depth:
            return  # as deep already
        self._looked_at[path, by] = depth
        end, links, _ = way(path)
        for place in dict.fromkeys((*links, end)):
            if by is None or is_within(place, by):
                self._beside(place)
                by = by or self._changeable.holding(os.path.dirname(place))
        installation = installation_of(end)
        if installation is not None:
            self._open(installation, whole=by is None or is_within(installation, by))
            self._environments_on_the_way(links)
        if installation is None and by is not None and not is_within(end, by):
            self.needed.left_out.append(end)
            return
        self.needed.files.append(end)
        package = package_of(end)
        if package is not None and (by is None or is_within(package, by)):
            self._open(package, whole=True)
        named = _shebang(end, self._env, self._cwd)
        if named is not None:
            self.program(named.path, None if named.is_searched else by, depth - 1)
            if by is None and os.path.basename(named.path) in SHELLS:
                self._started_by(end, depth - 1)

    def _started_by(self, script: str, depth: int) -> None:
        """What a shell script of the person's own starts: the program it is a wrapper of."""
        if self._wrappers.get(script, -1) >= depth:
            return
        self._wrappers[script] = depth
        for further in programs_of_text(os.fsdecode(head_of(script)), self.find):
            self.program(further, None, depth)

    def environment(self, prefix: str) -> None:
        """A virtual environment that a variable names."""
        end, link_out = self._changeable.follow(prefix)
        if link_out is None and is_environment(end):
            self._open(end, whole=True)
            self._base(end)

    def _environments_on_the_way(self, links: Sequence[str]) -> None:
        """The environments on PATH whose interpreter is a link to an installation, in parts.

        A file may name one: that it is meant is the person's word, which PATH is.
        """
        on_path = self._env.get("PATH", "").split(os.pathsep)
        for link in links:
            directory = os.path.dirname(link)
            prefix = os.path.dirname(directory)
            if directory in on_path and is_environment(prefix):
                self._open(prefix, whole=False)
                self.needed.files.append(os.path.join(prefix, "pyvenv.cfg"))

    def _beside(self, place: str) -> None:
        """The environment or the switch that holds this program or link."""
        directory = os.path.dirname(place)
        prefix = os.path.dirname(directory)
        if is_environment(prefix):
            self._open(prefix, whole=True)
            self._base(prefix)
        elif is_switch(directory):
            self._open(prefix, whole=True)

    def _base(self, prefix: str) -> None:
        """The installation of an environment that was made with copies: `home` in pyvenv.cfg.

        Believed only when there is an interpreter with its library, and opened in parts.
        """
        for directory in _bases(prefix):
            installation = installation_of(canonical(os.path.join(directory, "python3")))
            if installation is not None:
                self._open(installation, whole=is_within(installation, prefix))

    def _open(self, prefix: str, *, whole: bool) -> None:
        self.needed.directories += opened_of(prefix, self._home, self._cwd, whole=whole)


def _bases(prefix: str) -> Iterator[str]:
    text = head_of(os.path.join(prefix, "pyvenv.cfg")).decode("utf-8", "replace")
    for line in text.splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "home" and os.path.isabs(value.strip()) and "\0" not in value:
            yield value.strip()


class _Named(NamedTuple):
    """The program of a first line. `is_searched`: found in the person's own PATH."""

    path: str
    is_searched: bool


def _is_of_the_system(path: str) -> bool:
    directories = {os.path.dirname(path), os.path.dirname(canonical(path))}
    return directories <= _SYSTEM


def _shebang(program: str, env: Mapping[str, str], cwd: str) -> _Named | None:
    """The program of a script's first line, `env` looked through; None for other files."""
    words = first_line(program)
    if not words:
        return None
    name, searched = words[0], False
    if os.path.basename(name) == "env":
        named = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
        name, searched = (named[0] if named else ""), True
    if not searched and not os.path.isabs(name):
        return None
    found = find_program(name, env, cwd) if name and "\0" not in name else None
    return None if found is None else _Named(found, searched and "/" not in name)


def interpreter_rules(argv: Sequence[str], needed: Needed) -> Iterator[Rule]:
    """What opens the program that is run, and what it needs to start."""
    if not argv:
        return
    origin = Origin(OriginKind.BUILTIN, f"the program {argv[0]}")
    for path in dict.fromkeys(needed.files):
        yield Rule(File(path), _READ, Effect.ALLOW, origin)
    for path in dict.fromkeys(needed.directories):
        yield Rule(Subtree(path), _READ, Effect.ALLOW, origin)


def left_out(needed: Needed, rules: Sequence[Rule]) -> Iterator[str]:
    """A note for each program that is not opened although something in a repository leads there."""
    for path in dict.fromkeys(needed.left_out):
        granted = Access(0)
        for rule in rules:
            if rule.effect is Effect.ALLOW and rule.reaches(path):
                granted |= rule.access
        if _READ not in granted:
            yield (
                f"{path}: a link or the first line of a script leads there, out of what a program"
                f" may have written: it takes {flag('filesystem.read_file')} {path}"
            )


def script_rules(script: str | None, workdir: str, changeable: Changeable) -> Iterator[Rule]:
    """What opens a script that an interpreter was put before, for reading, as a program that is
    run; not where a link leads that a program may have put there."""
    if script is None:
        return
    end, link = changeable.follow(os.path.join(workdir, script))
    if link is None:
        origin = Origin(OriginKind.BUILTIN, f"the script {script}")
        yield Rule(File(end), Access.READ, Effect.ALLOW, origin)
