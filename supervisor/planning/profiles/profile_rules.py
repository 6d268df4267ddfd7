"""From a profile's settings to the parts of a policy, each rule with the key that it comes from."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence

from nono.broker import Effect, PolicyError, Rule, default_groups, group
from nono.broker.dataclass import replace
from nono.broker.errors import ProfileError
from nono.broker.profile.merged import Merged
from nono.broker.rules.paths import is_within
from nono.broker.settings import Setting, flag
from nono.supervisor.places import platform
from nono.supervisor.planning.paths.path_rules import (
    bypasses,
    path_rules,
    workdir_rules,
    written_directories,
)
from nono.supervisor.planning.paths.refused_names import Expanded
from nono.supervisor.planning.profiles.profile_findings import Findings
from nono.supervisor.planning.profiles.profile_parts import FromProfile
from nono.supervisor.planning.profiles.profile_paths import (
    ProfilePaths,
    Variables,
    beginning,
    in_own_tmpdir,
)
from nono.supervisor.walk import Changeable

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.broker.credentials.services import Service

_UNSUPPORTED = {
    "env_credentials": "a program never gets a real key; name the service in network.credentials",
}
"""A program that counts on these would fail in a way that nobody understands."""
_WITHOUT_EFFECT = {
    "rollback.exclude_patterns": "nothing is undone yet",
    "rollback.exclude_globs": "nothing is undone yet",
}


def from_profile(
    merged: Merged,
    env: Mapping[str, str],
    home: str,
    workdir: str,
    allow_cwd: bool,
    expand: Expanded,
    written: Sequence[str] = (),
) -> FromProfile:
    """The parts of a policy. Raises ProfileError.

    `expand` is for the paths of groups. `written` are the directories that the program, or one
    before it, may have written in, besides those of the profile.
    """
    findings = Findings(merged.notes)
    variables = Variables(env, home, workdir)
    own_written = tuple(_written(merged, variables))
    changed = workdir if workdir in written else None
    changeable = Changeable((*written, *own_written), changed)
    paths = ProfilePaths(variables, findings, changeable)
    _refuse_unsupported(merged, findings)
    for_workdir = _workdir_rules(merged, home, workdir, allow_cwd, findings)
    rules = [
        *path_rules(merged, Effect.DENY, paths),
        *path_rules(merged, Effect.ASK, paths),
        *for_workdir,
        *path_rules(merged, Effect.ALLOW, paths),
        *_group_rules(merged, expand),
    ]
    lifted = tuple(bypasses(merged, paths))
    set_variables = tuple(_set_variables(merged, variables, findings))

    services, own = _services(merged, findings, env)
    if findings.problems:
        raise ProfileError(findings.problems)
    return FromProfile(
        tuple(rules),
        lifted,
        merged,
        says_workdir=bool(for_workdir),
        set=set_variables,
        notes=tuple(findings.notes),
        services=services,
        own_services=own,
        written=own_written,
    )


def _services(
    merged: Merged, findings: Findings, env: Mapping[str, str]
) -> tuple[tuple[Service, ...], Mapping[str, Service]]:
    """Those that are used, and those that the profile describes."""
    if not any(map(merged.all, ("network.credentials", "network.custom_credentials"))):
        return (), {}
    # What only a run with services needs is loaded only then.
    from nono.supervisor.planning.network.services import named_services, own_services

    def complain(setting: Setting, error: PolicyError) -> None:
        findings.complain(setting, error.message, error.hint)

    own = own_services(merged, findings.problems.append)
    return tuple(named_services(merged, own, complain, env)), own


def _written(merged: Merged, variables: Variables) -> Iterator[str]:
    for setting in written_directories(merged):
        text = getattr(setting.value, "path", setting.value)
        if not in_own_tmpdir(text):
            with contextlib.suppress(PolicyError):  # what reads the path tells of it
                yield beginning(text, variables)


def _refuse_unsupported(merged: Merged, findings: Findings) -> None:
    for key, why in _UNSUPPORTED.items():
        for setting in merged.all(key)[:1]:
            findings.complain(setting, why, f"leave {key} out")
    for key, why in _WITHOUT_EFFECT.items():
        used = merged.one(key)
        if used is not None and used.value is not False:
            findings.notes.append(f"{used}: {why}")


def _workdir_rules(
    merged: Merged, home: str, workdir: str, allow_cwd: bool, findings: Findings
) -> list[Rule]:
    rules = list(workdir_rules(merged, workdir))
    if rules and is_within(home, workdir) and not allow_cwd:
        setting = merged.one("workdir.access")
        findings.notes.append(
            f"{setting}: {workdir} holds your home directory:"
            f" it takes {flag('workdir.access')} to open it"
        )
        return []
    return rules


def _group_rules(merged: Merged, expand: Expanded) -> Iterator[Rule]:
    named = {_name(setting): setting for setting in merged.all("groups.include")}
    excluded = {_name(setting) for setting in merged.all("groups.exclude")}
    for name in dict.fromkeys((*default_groups(platform()), *named)):
        found = group(name)
        if name in excluded or not found.is_for(platform()):
            continue
        for rule in expand.rules(name):
            file = named[name].file if name in named else None
            yield replace(rule, origin=replace(rule.origin, file=file))


def _name(setting: Setting) -> str:
    """The text of an entry that may be an object with a condition."""
    text: str = getattr(setting.value, "name", setting.value)
    return text


def _set_variables(
    merged: Merged, variables: Variables, findings: Findings
) -> Iterator[tuple[str, str]]:
    for setting in merged.all("environment.set_vars"):
        value = findings.tried(setting, variables.value, setting.value)
        if value is not None:
            yield setting.name, value
