"""What the profile of a project or a script never opens, whoever accepted it.

It stands in a file that comes from somebody else and that programs may write. A person who reads it
looks for what a project needs: not for keys, for sockets, or for what nono itself goes by. Whoever
means one of these says so by a flag, or in a profile of the person's own.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from nono.broker import Access, Effect, Glob, OriginKind, Rule, Subtree
from nono.broker.errors import Problem
from nono.broker.policy.environment import looks_secret
from nono.broker.profile.merged import Merged
from nono.broker.rules.paths import is_within
from nono.broker.rules.rule import Origin
from nono.broker.settings import Setting, flag
from nono.supervisor import looks
from nono.supervisor.places import caches_directory, canonical, profile_directory, state_directory
from nono.supervisor.planning.paths.refused_names import Expanded
from nono.supervisor.planning.projects.start_files import started_by_itself

_KEYS = {
    "filesystem.bypass_protection": "what is protected stays protected",
    "filesystem.unix_socket": "what listens there acts for you, outside the sandbox",
    "filesystem.ssh_agent": "your agent signs whatever it is told to",
    "groups.exclude": "what is protected stays protected",
    "network.credentials": "your keys are yours to use",
    "network.custom_credentials": "your keys are yours to use",
    "env_credentials": "your keys are yours to use",
}
"""Keys that are refused as a whole, and why."""
_SOCKETS = ("/run", "/var/run")
_HINT = "leave it out"


def problems(
    merged: Merged,
    rules: Sequence[Rule],
    file: str,
    env: Mapping[str, str],
    home: str,
    workdir: str,
    expand: Expanded,
) -> Iterator[Problem]:
    """What is wrong with the settings, and with the rules that were made of them.

    `file` is the name of the project's profile. What it extends is looked at, too.
    """
    for key, why in _KEYS.items():
        for setting in merged.all(key)[:1]:
            yield _problem(setting.origin, f"a project does not open it: {why}", file)
    for setting in merged.all("environment.allow_vars"):
        if _is_secret(setting, env):
            yield _problem(setting.origin, f"{setting.value!r} may hold a secret", file)
    protecting = [rule for rule in rules if rule.effect is Effect.DENY and rule.protected]
    own = list(_own_places(env, home))
    for rule in rules:
        if rule.effect is not Effect.DENY and rule.origin.kind is OriginKind.PROFILE:
            path = canonical(getattr(rule.pattern, "path", getattr(rule.pattern, "prefix", "/")))
            if rule.origin.name == "workdir.access":
                continue  # as --allow-cwd: never where that holds the home
            reasons = _reasons(rule, path, protecting, own, env, home, workdir, expand)
            for reason in islice(reasons, 1):
                yield _problem(rule.origin, f"{path}: {reason}", file)


def _problem(origin: Origin, message: str, file: str) -> Problem:
    return Problem(origin.file or file, 0, 0, f"{origin.name}: {message}", _HINT)


def _is_secret(setting: Setting, env: Mapping[str, str]) -> bool:
    """A name that is said lets a variable through even if it looks like a secret."""
    name = str(setting.value)
    is_pattern = "*" in name and name != "*"
    return is_pattern or looks_secret(name, env.get(name, ""))


def _own_places(env: Mapping[str, str], home: str) -> Iterator[str]:
    """nono's state, the person's profiles, and the same where no variable leads them elsewhere."""
    plain = {"HOME": home}
    for each in (env, plain):
        yield canonical(state_directory(each))
        yield canonical(os.path.dirname(profile_directory(each, home)))


def _reasons(
    rule: Rule,
    path: str,
    protecting: Iterable[Rule],
    own: Iterable[str],
    env: Mapping[str, str],
    home: str,
    workdir: str,
    expand: Expanded,
) -> Iterator[str]:
    """Why a grant is refused; `path` is the canonical one, or the fixed beginning of a pattern."""
    is_deep = isinstance(rule.pattern, Subtree | Glob)
    if is_deep and is_within(home, path):
        yield "your whole home is in it"
    for place in own:
        if is_within(path, place) or (is_deep and is_within(place, path)):
            yield f"nono keeps its own there ({place})"
    if is_within(path, caches_directory(env, home)):
        yield "caches of sandboxes are nono's own"
    for refusal in protecting:
        if refusal.reaches(path) and rule.access & refusal.access:
            yield f"it is protected by the group {refusal.origin.name}"
    if any(is_within(path, each) or is_within(path, canonical(each)) for each in _SOCKETS):
        yield f"services listen there; {flag('filesystem.unix_socket')} names one"
    if _is_socket(path):
        yield f"it is a socket; {flag('filesystem.unix_socket')} names one"
    if Access.WRITE in rule.access:
        directory = path if is_deep else os.path.dirname(path)
        for each in started_by_itself(directory, workdir, home, expand, env)[0]:
            if is_within(path, each):
                yield f"what is written there runs by itself later ({each})"


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(looks.lstat(path).st_mode)
    except OSError:
        return False
