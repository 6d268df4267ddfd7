"""The person's SSH agent: a program may ask it to sign, and gets no key.

That is its socket, its variable, and what ssh(1) reads besides: the hosts that are known, and the
public halves of keys, by which the agent's are chosen. Whoever may ask the agent may log in
wherever its keys do, as far as the network lets it: so a person says it, and nothing implies it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping

from nono.broker import Access, Effect, File, Rule
from nono.broker.named_tuple import NamedTuple
from nono.broker.settings import Settings
from nono.supervisor import looks
from nono.supervisor.descriptors import listdir
from nono.supervisor.errors import UsageError
from nono.supervisor.places import canonical
from nono.supervisor.walk import Changeable

VARIABLE = "SSH_AUTH_SOCK"
_KEY = "filesystem.ssh_agent"
_KNOWN_HOSTS = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
_OF_THE_MACHINE = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
_PUBLIC = ".pub"
_MAX_NAMES = 1000


class SshAgent(NamedTuple):
    """What a plan gets of it: nothing, unless it was asked for."""

    rules: tuple[Rule, ...] = ()
    bypasses: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def ssh_agent(
    flags: Settings, profile: Settings, env: Mapping[str, str], home: str, changeable: Changeable
) -> SshAgent:
    """By a flag or a profile's key. Raises UsageError when a flag asks for an agent that is none.

    A profile says it for machines with an agent and without: there it is a note.
    """
    by_flag = flags.one(_KEY)
    asked = by_flag or profile.one(_KEY)
    if asked is None or not asked.value:
        return SshAgent()
    path = env.get(VARIABLE, "")
    missing = _missing(path) or _leads_out(path, changeable)
    if missing:
        if by_flag is not None:
            raise UsageError(f"{by_flag}: {missing}", "eval $(ssh-agent) && ssh-add")
        return SshAgent(notes=(f"{asked}: {missing}",))
    place = canonical(path)
    rules = [Rule(File(place), Access.CONNECT, Effect.ALLOW, asked.origin)]
    rules += [Rule(File(each), Access.READ, Effect.ALLOW, asked.origin) for each in _read(home)]
    paths = tuple(getattr(rule.pattern, "path", "") for rule in rules)
    return SshAgent(tuple(rules), paths, (VARIABLE,))


def _missing(path: str) -> str:
    """Why there is no agent of this person's at the path; empty when there is."""
    if not path:
        return f"there is no SSH agent: {VARIABLE} is not set"
    try:
        status = looks.stat(path)
    except OSError:
        return f"there is no SSH agent at {path} ({VARIABLE})"
    is_own = stat.S_ISSOCK(status.st_mode) and status.st_uid in (0, os.geteuid())
    return "" if os.path.isabs(path) and is_own else f"{path} ({VARIABLE}) is no socket of yours"


def _leads_out(path: str, changeable: Changeable) -> str:
    """Why it may be another socket than the agent's: a program may have put a link there."""
    _, link = changeable.follow(path)
    return "" if link is None else f"{path} ({VARIABLE}) leads on by a link, {link}"


def _read(home: str) -> Iterator[str]:
    """Files that are what their names say: no link leads out of the directory to a key."""
    directory = canonical(os.path.join(home, ".ssh"))
    for path in (*(home.rstrip("/") + each[1:] for each in _KNOWN_HOSTS), *_OF_THE_MACHINE):
        if not looks.islink(path):
            yield canonical(path)
    try:
        names = sorted(listdir(directory))[:_MAX_NAMES]
    except OSError:
        return
    for name in names:
        path = f"{directory}/{name}"
        if name.endswith(_PUBLIC) and looks.isfile(path) and not looks.islink(path):
            yield path
