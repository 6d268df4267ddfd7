"""From calls that nobody has decided to one question, with the answers that there are to choose.

Total and pure: what of the machine counts is given. Every offer that allows opens what is asked
for, none opens what a rule refuses, and the one to lead with is never the broadest.
"""

from __future__ import annotations

from collections.abc import Iterator

from nono.broker.asking.history import Before, History
from nono.broker.asking.just_that import is_just_that
from nono.broker.asking.offers.lead import lead_of
from nono.broker.asking.offers.making import Maker
from nono.broker.asking.offers.network import HostOffers, PlainOffers
from nono.broker.asking.offers.offers import Offers
from nono.broker.asking.offers.paths import PathOffers
from nono.broker.asking.question import MAX_OBJECTS, Offer, Question, Subject, SubjectKind
from nono.broker.asking.subject import objects_of, subject_of, wishes
from nono.broker.asking.surroundings import Asked, Place
from nono.broker.explaining import access_words
from nono.broker.explaining.explain import verb, why_asked
from nono.broker.explaining.remedies import NAMES
from nono.broker.policy.policy import Policy
from nono.broker.requests import (
    Metadata,
    Open,
    Operation,
    PathChange,
    PathRequest,
    UnixConnect,
    Watch,
)
from nono.broker.rules.access import Access
from nono.broker.rules.rule import Effect
from nono.broker.verdicts import Allow

LISTS = "list the names in"
"""What the program wants where it is that, and nothing else."""
_OF_OBJECTS = ("o", "r")
"""The offers that allow just the objects of the question, all of which have to be shown."""


def question(policy: Policy, asked: Asked, place: Place, history: History) -> Question:
    """The question about what is asked. Without an offer that allows there is nothing to ask.

    Its words and its offers are made when they are looked at, which takes a look at the file
    system for those that say how much they open.
    """
    subject = asked.subject or subject_of(asked.questions[0][0], place.look.is_directory)
    return question_after(policy, asked, place, subject, history.before(subject))


def question_after(
    policy: Policy, asked: Asked, place: Place, subject: Subject, before: Before
) -> Question:
    """As `question`, with its subject and what there was `before` it."""
    request, asks = asked.questions[0]
    parts = _Parts(policy, asked, place, subject, before)
    lead = lead_of(policy, asked, place, subject, before)
    return Question.lazily(
        parts,
        asked.id,
        request,
        asks.rule,
        asked.program,
        asked.waiting,
        before.seen,
        asked.later,
        None if lead is None else Offers(parts.made_offers, lead),
    )


class _Parts:
    """What is made when somebody looks, of what was fixed with the question."""

    __slots__ = ("_asked", "_before", "_place", "_policy", "_subject")

    def __init__(
        self, policy: Policy, asked: Asked, place: Place, subject: Subject, before: Before
    ) -> None:
        self._policy = policy
        self._asked = asked
        self._place = place
        self._subject = subject
        self._before = before

    def subject(self) -> Subject:
        return _meant(self._subject, self._asked)

    def wants(self) -> str:
        return _wants(self._asked, self._place, self._subject)

    def why(self) -> str:
        request, asks = self._asked.questions[0]
        return why_asked(request, asks.rule)

    def objects(self) -> tuple[tuple[str, str], ...]:
        return _objects(self._asked)

    def offers(self) -> Offers:
        return Offers(self.made_offers)

    def made_offers(self) -> Iterator[Offer]:
        """All of them, in their order, the same each time."""
        return _offers(self._policy, self._asked, self._place, self._before, self._subject)


def _objects(asked: Asked) -> tuple[tuple[str, str], ...]:
    return objects_of(asked.requests)


def _offers(
    policy: Policy, asked: Asked, place: Place, before: Before, subject: Subject
) -> Iterator[Offer]:
    make = Maker(asked.id, place.around.home)
    seen, neighbours, is_beside = before
    made: PathOffers | HostOffers | PlainOffers
    if subject.kind is SubjectKind.HOST:
        made = HostOffers(make, asked.requests, subject, place, seen, neighbours)
    elif subject.kind is SubjectKind.DIRECTORY:
        paths = [each for each in asked.requests if isinstance(each, PathRequest)]
        access = _access(policy, paths)
        made = PathOffers(make, paths, access, subject.value, place, seen, neighbours, is_beside)
    else:
        made = PlainOffers(make, asked.requests, subject, place)
    return _usable(policy, made.all(), asked)


def _usable(policy: Policy, offers: Iterator[Offer], asked: Asked) -> Iterator[Offer]:
    is_shown = len(asked.requests) == 1 or len(_objects(asked)) <= MAX_OBJECTS
    for offer in offers:
        if offer.id in _OF_OBJECTS and not is_shown:
            continue
        if offer.effect is Effect.DENY or _covers(policy, offer, asked):
            yield offer


def _access(policy: Policy, requests: list[PathRequest]) -> dict[str, Access]:
    found: dict[str, Access] = {}
    for request in requests:
        if type(request) is Open and request.path not in found:
            found[request.path] = request.access  # all that an open needs
            continue
        needs, known = policy.needs(request), found.get(request.path)
        found[request.path] = needs if known is None else known | needs
    return found


def _covers(policy: Policy, offer: Offer, asked: Asked) -> bool:
    """True when all that waits would be allowed, with what each was allowed already for once."""
    if _is_just_that(policy, offer, asked):
        return True
    once = (getattr(request.process, "once", None) for request in asked.requests)
    given = {each for found in once for each in getattr(found, "rules", ())}
    extended = policy.extended((*offer.rules, *given))
    return all(isinstance(extended.decide(request), Allow) for request in asked.requests)


def _is_just_that(policy: Policy, offer: Offer, asked: Asked) -> bool:
    """True for an offer of exactly what is asked for, where nothing but the default asks."""
    if len(asked.questions) != 1 or len(offer.rules) != 1:
        return False
    if not asked.is_of(policy):
        return False
    ((request, asks),), (rule,) = asked.questions, offer.rules
    return is_just_that(request, asks, rule)


def _meant(subject: Subject, asked: Asked) -> Subject:
    """One file is what a person sees, as long as it is the only one."""
    paths = {getattr(request, "path", "") for request in asked.requests}
    if subject.kind is not SubjectKind.DIRECTORY or len(paths) > 1 or subject.value in paths:
        return subject
    return Subject(SubjectKind.FILE, *paths)


def _lists(asked: Asked, subject: Subject) -> bool:
    """True where the names in a directory are read, and nothing else."""
    return subject.kind is SubjectKind.DIRECTORY and all(
        isinstance(each, Open) and (each.path, each.access) == (subject.value, Access.READ)
        for each in asked.requests
    )


def _wants(asked: Asked, place: Place, subject: Subject) -> str:
    """What the program wants to do, without the object; of a move with where it goes."""
    if _lists(asked, subject):
        return LISTS
    verbs = {verb(request) for request in asked.requests}
    is_change = any(isinstance(each, PathChange | Metadata) for each in asked.requests)
    if asked.waiting > 1 and len(verbs) > 1 and is_change:
        return " and ".join(sorted(wishes(asked.requests)))
    access = Access(0)
    for request in asked.requests:
        match request:
            case Open(_, _, bits):
                access |= bits
            case Watch():
                access |= Access.READ
            case PathChange(_, operation) if operation not in NAMES and len(asked.requests) > 1:
                access |= Access.WRITE
            case PathChange(_, Operation.RENAME_FROM, _, _, str() as target):
                shown = Maker(asked.id, place.around.home).shown(target)
                return f"rename, to {shown},"
            case UnixConnect():
                return "connect to the unix socket"
            case _:
                return verb(request)
    return access_words.verbs(access) or verb(asked.requests[0])
