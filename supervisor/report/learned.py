"""What `nono learn` tells a person, on stderr."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence, Set

from nono.broker import visible
from nono.broker.explaining.explain import explain, summary
from nono.broker.rules.paths import child, components, is_within
from nono.broker.rules.rule import NO_DATAGRAMS
from nono.broker.settings import flag
from nono.supervisor.decisions.decide import Decisions
from nono.supervisor.learning.observe import Learner
from nono.supervisor.learning.own_state import STATE, containers
from nono.supervisor.learning.profile import Outcome
from nono.supervisor.places import home_directory
from nono.supervisor.report.entry import Entry
from nono.supervisor.report.lines import entries, grouped
from nono.supervisor.report.surroundings import around

_MAX_SHOWN = 20
_LISTEN = flag("network.listen_port")


def text(
    learner: Learner, outcome: Outcome, decisions: Decisions, has_failed: bool = False
) -> Iterator[str]:
    """What was seen, what was refused, and what could not be put into the profile."""
    yield from _seen(outcome, learner)
    told = [each for each in entries(decisions) if has_failed or not _is_done_without(each)]
    refused = [str(line) for line in grouped(decisions, told)]
    yield from _part("refused while learning, and not in the profile", refused)
    if any(each.verdict.rule.origin == STATE for each in decisions.denials.all()):
        yield (
            "nono: what was there before stays as it is; where it is the program's own, learn with"
            f" {shlex.join(_of_state(decisions))}"
        )
    absent = [visible(host) for host in learner.absent_hosts]
    yield from _part("hosts that do not exist, and not in the profile", absent)
    for title, paths in (
        ("directories that hold too much, and not in the profile", outcome.above),
        ("paths that no profile can name", outcome.unnamed),
        ("paths that lead elsewhere by now, and not in the profile", outcome.moved),
    ):
        yield from _part(title, [visible(path) for path in paths])
    named = {*outcome.above, *outcome.unnamed, *outcome.moved}
    yield from _part("seen, and not granted by the profile", list(_ungranted(outcome, named)))
    if learner.needs.overflow:
        yield f"nono: {learner.needs.overflow} more calls were seen than are remembered"


def _ungranted(outcome: Outcome, named: Set[str]) -> Iterator[str]:
    """Each once, with the reason and what a run with the profile needs besides."""
    asked = {summary(each): each for each in outcome.ungranted}
    for request in asked.values():
        if outcome.decisions is None or getattr(request, "path", None) in named:
            continue
        verdict = outcome.decisions.verdict(request)[1]
        told = explain(outcome.decisions.policy, request, verdict, around=around(request, ""))
        hint = f"  hint: {shlex.join(told.fix)}" if told.fix else ""
        yield f"{told.summary}: {told.reason}{hint}"


def _of_state(decisions: Decisions) -> Iterator[str]:
    """What opens the first that was there of the directories where programs have one each."""
    yield flag("filesystem.allow")
    holders = containers(os.environ, home_directory(os.environ))
    for each in decisions.denials.all():
        path: str = getattr(each.request, "path", "")
        for holder in holders if each.verdict.rule.origin == STATE else ():
            if is_within(path, holder) and path != holder:
                place = child(holder, components(path)[len(components(holder))])
                if os.path.isdir(place):
                    yield place
                    return
    yield "DIR"


def _is_done_without(entry: Entry) -> bool:
    """A socket of datagrams that the machine allows nobody: no profile gives one, and look-ups
    make one to sort addresses by."""
    return entry.denial.verdict.rule.origin == NO_DATAGRAMS.origin


def _seen(outcome: Outcome, learner: Learner) -> Iterator[str]:
    yield "nono: learned"
    for section, keys in outcome.profile.items():
        if section in ("meta", "extends"):
            continue
        for key, value in keys.items():
            values = value if isinstance(value, list) else [value]
            shown = ", ".join(visible(_word(each)) for each in values[:_MAX_SHOWN])
            more = f" and {len(values) - _MAX_SHOWN} more" if len(values) > _MAX_SHOWN else ""
            yield f"  {section}.{key}: {shown or 'nothing'}{more}"
    if outcome.profile.get("network", {}).get("listen_port"):
        yield "nono: network.listen_port lets other machines connect, too"
    if learner.served:
        listening = (part for port in sorted(learner.served) for part in (_LISTEN, str(port)))
        yield (
            "nono: what it serves at every address, this machine alone connects to; other machines"
            f" with {shlex.join(listening)}"
        )


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _part(title: str, lines: Sequence[str]) -> Iterator[str]:
    if not lines:
        return
    yield f"nono: {title}:"
    yield from (f"  {line}" for line in lines[:_MAX_SHOWN])
    if len(lines) > _MAX_SHOWN:
        yield f"  and {len(lines) - _MAX_SHOWN} more"


def how_to_keep(directory: str, argv: Sequence[str], has_failed: bool) -> Iterator[str]:
    """Where to save the profile, and how to use it; of half a run it is none to be used."""
    if has_failed:
        return
    command = visible(shlex.join(argv), limit=1000)
    place = f"{directory}/NAME.json"
    yield f"hint: save it as {visible(place, limit=1000)} and use it with"
    yield f"      nono run --profile NAME -- {command}"


def how_to_use(name: str, path: str, argv: Sequence[str]) -> Iterator[str]:
    """Where the profile was saved, and how to use it: `name` is what it was given."""
    yield f"nono: saved in {visible(path, limit=1000)}; use it with"
    command = shlex.join(("nono", "run", "--profile", name, "--", *argv))
    yield f"      {visible(command, limit=1000)}"
