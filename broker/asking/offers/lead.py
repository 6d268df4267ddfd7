"""The offer that leads in the commonest question, without the others.

A function may be asked for each of thousands of opens, and mostly takes the first offer.
"""

from __future__ import annotations

from nono.broker.asking.history import Before
from nono.broker.asking.question import Lasts, Offer, Subject, SubjectKind
from nono.broker.asking.surroundings import Asked, Place
from nono.broker.policy.policy import Policy
from nono.broker.requests import Open
from nono.broker.rules.access import Access
from nono.broker.rules.patterns import File
from nono.broker.rules.rule import Effect, Origin, OriginKind, Rule

ONCE = "o"
"""The id of the offer for this once."""
FILE = "this file"
LIST = "the list of names"
"""What offers call the object, where it is a directory of which the names are read."""


def lead_of(
    policy: Policy, asked: Asked, place: Place, subject: Subject, before: Before
) -> Offer | None:
    """To read this once, as `PathOffers` offers it, where it leads; None where that is not plain.

    So it is where nothing but the default asks about one open, and no directory is offered before.
    """
    if len(asked.questions) != 1 or subject.kind is not SubjectKind.DIRECTORY:
        return None
    ((request, asks),) = asked.questions
    if type(request) is not Open or request.access is not Access.READ:
        return None
    if asks.rule.origin.kind is not OriginKind.DEFAULT or not asked.is_of(policy):
        return None
    directory = subject.value
    if before.seen and place.has_wider(directory, before.neighbours):
        return None
    rule = Rule(
        File(request.path),
        Access.READ,
        Effect.ALLOW,
        Origin(OriginKind.ANSWER, str(asked.id)),
    )
    words = f"{LIST if request.path == directory else FILE}, once"
    return Offer(ONCE, Effect.ALLOW, Lasts.ONCE, (rule,), words)
