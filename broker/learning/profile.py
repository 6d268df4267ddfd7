"""From what a program was seen to need to a profile that grants it, and as little else as can be.

Names of hosts stay names, with their ports. In the project it is the working
directory that is opened, elsewhere single files, and directories where
`generalise` finds them safe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nono.broker.groups import Group, groups
from nono.broker.learning.generalise import Surroundings, read_directories, written_directory
from nono.broker.learning.needs import Needs
from nono.broker.rules.access import Access
from nono.broker.rules.paths import is_within, outermost
from nono.broker.rules.rule import Rule
from nono.broker.settings import KEYS, Kind

_READ_EXECUTE = Access.READ | Access.EXECUTE
_READ_WRITE = Access.READ | Access.WRITE
_FILE_KEYS = tuple(
    (key.access & (_READ_WRITE | Access.CONNECT), key.name.partition(".")[2])
    for key in KEYS
    if key.kind in (Kind.FILE, Kind.SOCKET)
)
"""The key that grants an access, the widest first."""


@dataclass(slots=True)
class Learned:
    """A profile's sections, and the paths that were not put into one.

    `unnamed` are paths that no profile can name; `above` are directories that hold too much to
    be opened, above the project or the home for instance. Their names may be listed.
    """

    sections: dict[str, Any] = field(default_factory=dict)
    unnamed: list[str] = field(default_factory=list)
    above: list[str] = field(default_factory=list)

    def _put(self, section: str, key: str, values: Iterable[Any]) -> None:
        if listed := list(values):
            known = self.sections.setdefault(section, {}).setdefault(key, [])
            self.sections[section][key] = sorted({*known, *listed})


def learn(
    needs: Needs,
    around: Surroundings,
    is_directory: Callable[[str], bool],
    used_groups: Iterable[str] = (),
    rules_of: Callable[[Group], list[Rule]] = lambda group: [],
) -> Learned:
    """The sections `groups`, `workdir` and `filesystem` for what was needed.

    A directory that is needed for reading and writing is opened with all below.
    `used_groups` have granted something already. `rules_of` gives the rules
    of a group on this machine: one that is made for an interpreter and grants
    what was read takes the place of the paths.
    """
    found = Learned()
    paths, names = dict(needs.paths), set(needs.names)
    workdir = _take_workdir(paths, names, around)
    found._put("groups", "include", {*used_groups, *_take_runtimes(paths, rules_of)})
    if workdir is not None:
        found.sections["workdir"] = {"access": workdir}
    above = {path: access for path, access in paths.items() if around.is_above(path)}
    for path, access in above.items():
        _put_directory(found, path, access, around, is_directory)
    paths = {path: access for path, access in paths.items() if path not in above}
    opened = _written(paths, names, around, is_directory)
    paths = {path: access for path, access in paths.items() if not _within_any(path, opened)}
    read = _read(paths, around, is_directory)
    _put_paths(found, "allow", opened, around)
    _put_paths(found, "read", read, around)
    for path, access in paths.items():
        if not access & ~_READ_EXECUTE and _within_any(path, read):
            continue
        if is_directory(path):
            _put_directory(found, path, access, around, is_directory)
        else:
            keys = [key for wanted, key in _FILE_KEYS if wanted in access][:1]
            for key in keys:
                _put_paths(found, key, [path], around)
    found.above.sort()
    return found


def _put_directory(
    found: Learned,
    path: str,
    access: Access,
    around: Surroundings,
    is_directory: Callable[[str], bool],
) -> None:
    """A directory whose names were read, or whose mode, times or owner were changed."""
    is_one = is_directory(path)
    if is_one and Access.READ in access:
        _put_paths(found, "list", [path], around)
    if is_one and Access.WRITE in access and around.is_safe(path):
        _put_paths(found, "write", [path], around)
    elif not is_one or access & ~_READ_EXECUTE:
        found.above.append(path)


def learn_network(found: Learned, needs: Needs, is_open: bool, was_used: bool) -> None:
    """The section `network`. `is_open`: without the section there would be no limit.

    `was_used`: the program bound or connected a socket, whatever became of it.
    """
    hosts = [f"{host}:{port}" for host, ports in needs.hosts.items() for port in ports]
    hosts += [
        f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
        for address, port in needs.addresses
    ]
    found._put("network", "allow_domain", hosts)
    found._put("network", "open_port", needs.local_ports)
    found._put("network", "listen_port", needs.listen_ports)
    if is_open and "network" not in found.sections:
        found.sections["network"] = {"allow_domain": []} if was_used else {"block": True}


def learn_services(found: Learned, names: Sequence[str]) -> None:
    """The services that the program was given: what they open is not learned from connections."""
    if not names:
        return
    network = found.sections.get("network", {})
    hosts = {key: value for key, value in network.items() if key != "block" and value}
    found.sections["network"] = {**hosts, "credentials": list(names)}


def spelled(path: str, home: str) -> str | None:
    """The path as a profile has it; None for one that no profile can name."""
    if "*" in path or "$" in path:
        return None
    try:
        path.encode()
    except UnicodeEncodeError:
        return None
    return "~" + path[len(home) :] if home != "/" and is_within(path, home) else path


def _take_workdir(paths: dict[str, Access], names: set[str], around: Surroundings) -> str | None:
    """Take out what lies in the project, which is opened as a whole: how."""
    inside = {path: access for path, access in paths.items() if around.in_workdir(path)}
    changed = {path for path in names if around.in_workdir(path)}
    for path, access in inside.items():
        paths[path] = access & Access.CONNECT
        if not paths[path]:
            del paths[path]
    names -= changed
    if changed or any(Access.WRITE in access for access in inside.values()):
        return "readwrite"
    return "read" if any(access & _READ_EXECUTE for access in inside.values()) else None


def _take_runtimes(paths: dict[str, Access], rules_of: Callable[[Group], list[Rule]]) -> set[str]:
    """The groups of interpreters that grant some of the reads, which are taken out."""
    taken = set()
    for name, group in groups().items():
        if "_runtime" not in name or group.deny:
            continue
        rules = rules_of(group)
        granted = [
            path
            for path, access in paths.items()
            if any(rule.reaches(path) and access in rule.access for rule in rules)
        ]
        if granted:
            taken.add(name)
        for path in granted:
            del paths[path]
    return taken


def _written(
    paths: dict[str, Access],
    names: set[str],
    around: Surroundings,
    is_directory: Callable[[str], bool],
) -> set[str]:
    """The directories to open for what is written outside the project.

    A name that is made or removed, and has no directory that is safe to open,
    becomes a path that is needed by itself.
    """
    opened = set()
    for name in names - set(around.stores):
        if around.holds_states(name):
            continue
        directory = written_directory(name, around)
        if directory is not None and (directory != name or is_directory(name)):
            opened.add(directory)
        else:
            paths[name] = paths.get(name, Access(0)) | _READ_WRITE
    opened |= {
        path
        for path, access in paths.items()
        if _READ_WRITE in access and around.is_safe(path) and is_directory(path)
    }
    return outermost(opened)


def _read(
    paths: Mapping[str, Access], around: Surroundings, is_directory: Callable[[str], bool]
) -> set[str]:
    """The directories to open for what is only read."""
    listed = {path for path in paths if is_directory(path)}
    files = {path for path, access in paths.items() if not access & ~_READ_EXECUTE} - listed
    return read_directories(files, listed, around)


def _within_any(path: str, directories: Iterable[str]) -> bool:
    return any(is_within(path, directory) for directory in directories)


def _put_paths(found: Learned, key: str, paths: Iterable[str], around: Surroundings) -> None:
    named: Mapping[str, str | None] = {path: spelled(path, around.home) for path in paths}
    found._put("filesystem", key, (name for name in named.values() if name is not None))
    found.unnamed += sorted(path for path, name in named.items() if name is None)
