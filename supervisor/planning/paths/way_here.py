"""The working directory as a person sees it: a link that a run has left may have led elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping

from nono.broker import Effect, Rule, Subtree, is_within
from nono.supervisor import looks
from nono.supervisor.places import absolute, here
from nono.supervisor.walk import way


def way_here(
    given: str | None, env: Mapping[str, str], workdir: str, home: str, rules: Iterable[Rule]
) -> Iterator[str]:
    """A note where a person opens `workdir`, and sees it by a link that leads out of a directory of
    their own.

    They see it as `given`, or else as $PWD: a shell shows the way that it went, not where that led.
    A link in the home itself is the person's: the way to the home is known.
    """
    shown = env.get("PWD", "") if given is None else absolute(given, home, here())
    if not os.path.isabs(shown) or os.path.normpath(shown) == workdir:
        return
    if not any(_opens(rule, workdir) for rule in rules):
        return
    end, links, _ = way(shown)
    if end != workdir:
        return
    for link in links:
        place = os.path.dirname(link)
        if place != home and not is_within(workdir, place) and _is_ours(place):
            yield f"{link} is a link: the working directory that is opened is {workdir}"
            return


def _opens(rule: Rule, workdir: str) -> bool:
    return rule.effect is Effect.ALLOW and rule.pattern == Subtree(workdir, ".")


def _is_ours(directory: str) -> bool:
    try:
        return looks.stat(directory).st_uid == os.getuid()
    except OSError:
        return False
