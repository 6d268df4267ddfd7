"""From what was learned to a profile that loads, checked by deciding everything again under it."""

from __future__ import annotations

import json
import os
import shlex
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nono.broker import (
    Access,
    Allow,
    Connect,
    ConnectHost,
    Mode,
    Open,
    Operation,
    PathChange,
    Request,
    Rule,
    is_within,
    visible,
)
from nono.broker.groups import Group
from nono.broker.groups import rules_of as rules_of_group
from nono.broker.learning.generalise import Surroundings
from nono.broker.learning.needs import Needs
from nono.broker.learning.profile import Learned, learn, learn_network, learn_services, spelled
from nono.broker.profile.spelling import is_file_name
from nono.broker.requests import RecordedProcess
from nono.supervisor.decisions.always import complete
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.learning.observe import Learner, protected_paths, stores
from nono.supervisor.learning.own_state import containers, kept_names
from nono.supervisor.places import absolute, canonical, from_here, home_directory, platform
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options
from nono.supervisor.planning.paths.group_paths import Expander
from nono.supervisor.planning.plan import Plan
from nono.supervisor.planning.program.program import needed_by

_MAX_DESCRIPTION = 200
_MAX_PROGRAMS = 500
_LIFTED = "bypass_protection"
_RUNTIMES = {"python": "python_runtime", "node": "node_runtime"}
"""Groups that every profile starts from, by how the names of their programs begin."""


@dataclass(slots=True)
class Outcome:
    """A profile as plain data, and what is not in it although the program used it.

    `unnamed` and `above` are as in `broker.learned`; `moved` are paths that lead elsewhere by now.
    """

    profile: dict[str, Any]
    unnamed: list[str] = field(default_factory=list)
    above: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    ungranted: list[Request] = field(default_factory=list)
    decisions: Decisions | None = None
    """By what the profile refuses these."""

    @property
    def text(self) -> str:
        """The profile as it is saved; pure ASCII."""
        return json.dumps(self.profile, indent=2) + "\n"


class ProfileDraft:
    """Makes the profile of one run. `plan` is what the run went by, `base` what it is held to."""

    def __init__(
        self, learner: Learner, options: Options, argv: Sequence[str], plan: Plan, base: Plan
    ) -> None:
        self._learner = learner
        self._options = options
        self._argv = argv
        self._base = base
        self._is_blocked = plan.policy.network.mode is Mode.BLOCKED
        self._home = home_directory(os.environ)
        workdir = plan.workdir
        self._around = Surroundings(
            self._home,
            None if is_within(self._home, workdir) else workdir,
            stores(os.environ, self._home),
            protected_paths(plan.policy),
            containers(os.environ, self._home),
            kept_names(plan.policy.rules),
        )
        self._workdir = workdir
        self._interpreters: set[str] = set(learner.programs)

    def outcome(self, tmpdir: str) -> Outcome:
        """`tmpdir` was the run's private one. Raises broker.PolicyError, OSError."""
        needs = self._needs(tmpdir)
        outcome = self._profile(needs)
        self._try(outcome, tmpdir)
        addresses = {(r.address, r.port) for r in outcome.ungranted if isinstance(r, Connect)}
        if addresses:
            # A name that leads to a private address does not open it: the address is named, too.
            needs.addresses |= addresses
            outcome = self._profile(needs)
            self._try(outcome, tmpdir)
        return outcome

    def _needs(self, tmpdir: str) -> Needs:
        """What was seen, without what is gone or was never there, and with what nobody sees."""
        learner, needs = self._learner, self._learner.needs
        for host in learner.absent_hosts:
            needs.hosts.pop(host, None)
        for path in learner.made:
            if is_within(path, tmpdir) or self._around.in_workdir(path):
                continue
            if _is_plain(path):
                # The next run finds what this one left in a directory that everybody shares.
                needs.paths[path] = Access.READ | Access.WRITE
        self._add_interpreters(needs, tmpdir)
        needs.names = {path for path in needs.names if not is_within(path, tmpdir)}
        gone = [path for path in needs.paths if not os.path.lexists(path)]
        for path in gone:
            if Access.WRITE not in needs.paths[path]:
                del needs.paths[path]
        return needs

    def _add_interpreters(self, needs: Needs, tmpdir: str) -> None:
        """What the kernel opens by itself to start a program: its interpreter (execve(2))."""
        base = complete(self._base, tmpdir=tmpdir).decisions()
        for program in sorted(self._learner.programs)[:_MAX_PROGRAMS]:
            found = needed_by(program, os.environ, self._workdir, self._home)
            files = (*found.files, *found.left_out)
            self._interpreters.update(files)
            for path in files:
                request = Open(RecordedProcess(0), path, Access.READ | Access.EXECUTE)
                if path != program and not isinstance(base.verdict(request)[1], Allow):
                    needs.add(request)
                    self._learner.requests.append(request)

    def _profile(self, needs: Needs) -> Outcome:
        learner = self._learner
        used = () if self._options.profile is not None else self._used_groups()
        learned = learn(needs, self._around, os.path.isdir, used, self._rules_of)
        is_open = self._base.policy.network.mode is Mode.UNRESTRICTED
        learn_network(learned, needs, is_open, learner.used_network and not self._is_blocked)
        learn_services(learned, self._options.proxy_credential)
        moved = list(self._drop_moved(learned))
        profile = {**self._head(), **learned.sections}
        if lifted := list(self._lifted(needs)):
            profile["filesystem"] = {**profile.get("filesystem", {}), _LIFTED: lifted}
        if learner.used_caches:
            profile["filesystem"] = {**profile.get("filesystem", {}), "caches": True}
        return Outcome(profile, learned.unnamed, learned.above, moved)

    def _lifted(self, needs: Needs) -> Iterator[str]:
        """The protections that the person lifted, and that the program needs lifted."""
        for given in self._options.bypass_protection:
            path = canonical(absolute(os.fspath(given), self._home, self._workdir))
            written = spelled(path, self._home)
            used = (*needs.paths, *needs.names)  # a name that was made is no path that was opened
            if written is not None and any(is_within(each, path) for each in used):
                yield written

    def _used_groups(self) -> set[str]:
        """Those that granted something, and those of the interpreters that ran."""
        names = {os.path.basename(program) for program in self._interpreters}
        runtimes = {
            runtime
            for prefix, runtime in _RUNTIMES.items()
            if any(name.startswith(prefix) for name in names)
        }
        return self._learner.used_groups | runtimes

    def _rules_of(self, group: Group) -> list[Rule]:
        if not group.is_for(platform()):
            return []
        return rules_of_group(group, Expander(self._home, self._workdir))

    def _drop_moved(self, learned: Learned) -> Iterator[str]:
        """Take out paths that lead elsewhere by now: a profile would open what they lead to."""
        filesystem: Mapping[str, list[str]] = learned.sections.get("filesystem", {})
        for entries in filesystem.values():
            for entry in list(entries):
                path = absolute(entry, self._home, "/")
                if canonical(path) != path:
                    entries.remove(entry)
                    yield path

    def _head(self) -> dict[str, Any]:
        command = visible(shlex.join(self._argv), limit=_MAX_DESCRIPTION)
        head: dict[str, Any] = {"meta": {"description": f"learned from: {command}"}}
        base = self._options.profile
        if base is not None:
            named = is_file_name(base)
            head["extends"] = canonical(from_here(base, self._home)) if named else base
        return head

    def _try(self, outcome: Outcome, tmpdir: str) -> None:
        """Note what was learned and the profile does not grant."""
        decisions = outcome.decisions = self._under(outcome, tmpdir)
        outcome.ungranted = [
            request
            for request in self._learner.requests
            if not isinstance(decisions.verdict(request)[1], Allow) and not self._is_void(request)
        ]

    def _is_void(self, request: Request) -> bool:
        """True for what the next run does not need: a host that is not, a directory that is."""
        if isinstance(request, PathChange) and request.operation is Operation.MKDIR:
            return os.path.isdir(request.path)
        return isinstance(request, ConnectHost) and request.host in self._learner.absent_hosts

    def _under(self, outcome: Outcome, tmpdir: str) -> Decisions:
        """What a run with this profile would decide by: the profile is read as a run reads it."""
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write(outcome.text)
            file.flush()
            options = Options(profile=file.name, workdir=self._workdir)
            return complete(make_plan(options, self._argv), tmpdir=tmpdir).decisions()


def _is_plain(path: str) -> bool:
    """True for a file or a directory that is there; not for a socket that nobody answers at."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return False
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)
