"""Credentials that tools read each time, needed or not: what a person is told instead of a hint.

A hint is pasted. This one would give away what a public package is installed without, so it is a
part of the sentence, after what would be given.
"""

from __future__ import annotations

import shlex

from nono.broker.explaining.remedies import Flags
from nono.broker.groups import groups
from nono.broker.harmless import each_time
from nono.broker.requests import Open, Request
from nono.broker.rules.access import Access
from nono.broker.rules.rule import OriginKind, Rule


def why_kept(request: Request, rule: Rule, fix: Flags) -> str:
    """What is kept there, what it is for, and the flags that open it; empty for all else.

    Paths in it are as the flags have them: not safe to show.
    """
    if not fix or not isinstance(request, Open) or request.access != Access.READ:
        return ""
    place = rule.pattern.spelled
    needed = each_time().get(place) if rule.origin.kind is OriginKind.GROUP else None
    # The group of another version, in an audit, may be gone.
    by = None if needed is None else groups().get(rule.origin.name)
    holds = None if by is None else by.reasons.get(place)
    if holds is None:
        return ""
    return f"{holds}, read each time and needed for {needed} alone; {shlex.join(fix)} opens it"
