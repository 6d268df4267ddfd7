"""From a profile's settings to the parts of a policy, each rule with the key that it comes from."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from nono.broker import (
    ALL_ACCESS,
    FLOOR_ACCESS,
    Access,
    Anything,
    Effect,
    File,
    LocalPort,
    NetworkPattern,
    Origin,
    OriginKind,
    PathPattern,
    PolicyError,
    PublicPort,
    Rule,
    Subtree,
    default_groups,
    group,
    rules_of,
)
from nono.broker.errors import Problem, ProfileError
from nono.broker.network.host_entries import parse_host
from nono.broker.network.host_groups import network_profile, network_rules_of
from nono.broker.profile.merge import Merged, Setting
from nono.broker.rules.paths import is_within
from nono.supervisor.places import PLATFORM, canonical
from nono.supervisor.planning.path_rules import DIRECTORY_OPTIONS, FILE_OPTIONS
from nono.supervisor.planning.profile_files import is_built_in
from nono.supervisor.planning.profile_parts import FromProfile, ProfileNetwork
from nono.supervisor.planning.profile_paths import Variables, denied, granted, in_own_tmpdir
from nono.supervisor.planning.services import named_by_profile, own_services

_Made = TypeVar("_Made")

_WORKDIR = {
    "read": Access.READ | Access.EXECUTE,
    "write": Access.WRITE,
    "readwrite": FLOOR_ACCESS,
}
_GRANTS = (
    *((f"filesystem.{name}", access, False) for name, access in DIRECTORY_OPTIONS),
    *((f"filesystem.{name}", access, True) for name, access in FILE_OPTIONS),
    ("filesystem.unix_socket", Access.CONNECT, True),
)
"""Key, access, and whether the path alone is meant."""

_NARROWING = (
    "network_profile",
    "allow_domain",
    "connect_port",
    "listen_port",
    "open_port",
    "credentials",
)
_UNSUPPORTED = {
    "env_credentials": "a program never gets a real key; name the service in network.credentials",
}
"""A program that counts on these would fail in a way that nobody understands."""
_WITHOUT_EFFECT = {
    "ask": "nobody is asked yet: what no rule allows is refused",
    "rollback.exclude_patterns": "nothing is undone yet",
    "rollback.exclude_globs": "nothing is undone yet",
}


def from_profile(
    merged: Merged,
    env: Mapping[str, str],
    home: str,
    workdir: str,
    allow_cwd: bool,
    expand: Callable[[str], Sequence[str]],
) -> FromProfile:
    """The parts of a policy. `expand` is for the paths of groups. Raises ProfileError."""
    making = _Making(merged, Variables(env, home, workdir))
    making.refuse_unsupported()
    own = own_services(merged, making.problems.append)
    workdir_rules = making.workdir(home, workdir, allow_cwd)
    rules = [*making.denials(), *workdir_rules, *making.grants(), *making.groups(expand)]
    made = FromProfile(
        tuple(rules),
        tuple(making.bypasses()),
        making.network(),
        bool(workdir_rules),
        tuple(setting.value for setting in merged.all("environment.allow_vars")),
        tuple(setting.value for setting in merged.all("environment.deny_vars")),
        tuple(making.variables()),
        tuple(making.notes),
        services=tuple(named_by_profile(merged, own, making.problems.append)),
        own_services=own,
    )
    if making.problems:
        raise ProfileError(making.problems)
    return made


class _Making:
    def __init__(self, merged: Merged, variables: Variables) -> None:
        self._merged = merged
        self._variables = variables
        self.problems: list[Problem] = []
        self.notes: list[str] = list(merged.notes)

    def refuse_unsupported(self) -> None:
        for key, why in _UNSUPPORTED.items():
            for setting in self._merged.all(key)[:1]:
                self.problems.append(setting.problem(why, f"leave {key} out"))
        for key, why in _WITHOUT_EFFECT.items():
            used = self._merged.one(key)
            if used is not None and used.value is not False:
                self.notes.append(f"{used}: {why}")

    def denials(self) -> Iterator[Rule]:
        for setting in self._merged.all("filesystem.deny"):
            text = _path(setting)
            if in_own_tmpdir(text):
                self._complain(setting, "the run's own directory cannot be refused to it")
                continue
            for pattern in self._tried(setting, denied, text, self._variables) or ():
                yield Rule(pattern, ALL_ACCESS, Effect.DENY, _origin(setting))

    def grants(self) -> Iterator[Rule]:
        for key, access, alone in _GRANTS:
            for setting in self._merged.all(key):
                text = _path(setting)
                if in_own_tmpdir(text):
                    self._note(setting, "every run has a $TMPDIR of its own, open to it")
                    continue
                pattern = self._tried(setting, granted, text, self._variables, alone)
                if pattern is not None:
                    self._look_at(setting, pattern)
                    yield Rule(pattern, access, Effect.ALLOW, _origin(setting))

    def bypasses(self) -> Iterator[str]:
        for setting in self._merged.all("filesystem.bypass_protection"):
            pattern = self._tried(setting, granted, _path(setting), self._variables, True)
            if isinstance(pattern, File):
                yield pattern.path
            elif pattern is not None:
                self._complain(setting, "a pattern cannot lift a protection; name the path")

    def groups(self, expand: Callable[[str], Sequence[str]]) -> Iterator[Rule]:
        named = {_name(setting): setting for setting in self._merged.all("groups.include")}
        excluded = {_name(setting) for setting in self._merged.all("groups.exclude")}
        for name in dict.fromkeys((*default_groups(), *named)):
            found = group(name)
            if name in excluded or not found.is_for(PLATFORM):
                continue
            for rule in rules_of(found, expand):
                file = named[name].file if name in named else None
                yield replace(rule, origin=replace(rule.origin, file=file))

    def workdir(self, home: str, workdir: str, allow_cwd: bool) -> list[Rule]:
        setting = self._merged.one("workdir.access")
        if setting is None or setting.value == "none":
            return []
        if is_within(home, workdir) and not allow_cwd:
            self.notes.append(
                f"{setting}: {workdir} holds your home directory: it takes --allow-cwd to open it"
            )
            return []
        pattern = Subtree(workdir, ".")
        rule = Rule(pattern, _WORKDIR[setting.value], Effect.ALLOW, _origin(setting))
        if Access.WRITE in rule.access:
            self._warn_about_writing(workdir)
        return [rule]

    def network(self) -> ProfileNetwork:
        block = self._merged.one("network.block")
        if block is not None and block.value:
            blocked = Rule(Anything(), Access.CONNECT, Effect.DENY, _origin(block))
            return ProfileNetwork(blocked=blocked, is_said=True)
        keys = [f"network.{name}" for name in _NARROWING]
        return ProfileNetwork(
            tuple(self._network_rules()),
            tuple(self._allowed("network.listen_port", LocalPort)),
            # What was emptied names nothing, which is not the same as everything.
            is_said=any(self._merged.all(key) or key in self._merged.cleared for key in keys),
        )

    def _network_rules(self) -> Iterator[Rule]:
        for setting in self._merged.all("network.network_profile"):
            for rule in network_rules_of(network_profile(setting.value)):
                yield replace(rule, origin=replace(rule.origin, file=setting.file))
        yield from self._allowed("network.allow_domain", parse_host)
        yield from self._allowed("network.connect_port", PublicPort)
        yield from self._allowed("network.open_port", LocalPort)

    def _allowed(self, key: str, pattern: Callable[..., NetworkPattern]) -> Iterator[Rule]:
        for setting in self._merged.all(key):
            made = pattern(setting.value)
            yield Rule(made, Access.CONNECT, Effect.ALLOW, _origin(setting))

    def variables(self) -> Iterator[tuple[str, str]]:
        for setting in self._merged.all("environment.set_vars"):
            value = self._tried(setting, self._variables.value, setting.value)
            if value is not None:
                yield setting.name, value

    def _tried(self, setting: Setting, make: Callable[..., _Made], *args: object) -> _Made | None:
        """What `make` makes; a PolicyError becomes a problem with the setting."""
        try:
            return make(*args)
        except PolicyError as error:
            self.problems.append(setting.problem(error.message, error.hint))
            return None

    def _look_at(self, setting: Setting, pattern: PathPattern) -> None:
        path = getattr(pattern, "path", None)
        if path is None:
            return
        if not os.path.lexists(path):
            self._note(setting, f"{path} does not exist")
        elif isinstance(pattern, File) and os.path.isdir(path):
            self._note(setting, f"{path} is a directory: only its list of names is opened")

    def _warn_about_writing(self, workdir: str) -> None:
        for file in self._merged.files:
            if not is_built_in(file) and is_within(canonical(file), workdir):
                self.notes.append(
                    f"{file}: the program may change this profile, which lies in its working"
                    " directory: keep it elsewhere"
                )

    def _note(self, setting: Setting, text: str) -> None:
        """A note about this machine: of no interest for the profiles that fit many."""
        if not is_built_in(setting.file):
            self.notes.append(f"{setting}: {text}")

    def _complain(self, setting: Setting, message: str) -> None:
        self.problems.append(setting.problem(message, "leave it out"))


def _origin(setting: Setting) -> Origin:
    return Origin(OriginKind.PROFILE, setting.key, setting.file)


def _path(setting: Setting) -> str:
    """The text of an entry that may be an object with a condition."""
    text: str = getattr(setting.value, "path", setting.value)
    return text


def _name(setting: Setting) -> str:
    text: str = getattr(setting.value, "name", setting.value)
    return text
