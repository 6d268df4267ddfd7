"""Offers that are made when somebody looks: as few as are looked at, and always the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from nono.broker import Access, Ask, Effect, Open, Policy, Rule, Subtree
from nono.broker.asking.history import History
from nono.broker.asking.offers.offers import Offers
from nono.broker.asking.question import Offer, Program
from nono.broker.asking.questions import question
from nono.broker.asking.surroundings import Asked, Place
from nono.broker.learning.generalise import Surroundings
from nono.broker.requests import NOBODY
from tests.broker.asking.asked import offers
from tests.broker.worlds import FLAG


class Look:
    """Counts how often it is asked how much is in a directory."""

    def __init__(self) -> None:
        self.looks = 0

    def is_directory(self, path: str) -> bool:
        return False

    def reach(self, directory: str) -> str:
        self.looks += 1
        return f"look {self.looks}"


def test_only_what_is_looked_at_is_made() -> None:
    made = []

    def making() -> Iterator[Offer]:
        for offer in offers("/data/f"):
            made.append(offer.id)
            yield offer

    lazy = Offers(making)
    assert next(iter(lazy)).id == "o" and made == ["o"]
    assert any(each.id == "r" for each in lazy) and "d" not in made
    assert lazy == offers("/data/f") and len(lazy) == 7 and lazy[-1].id == "Q"
    assert [each.id for each in lazy[:2]] == ["o", "r"]
    known = len(made)
    assert len(list(lazy)) == 7 and len(made) == known  # and is not made again
    assert hash(lazy) == hash(offers("/data/f")) and repr(lazy) == repr(offers("/data/f"))


def test_what_they_open_was_fixed_with_the_question() -> None:
    """Answers, refusals and questions that came meanwhile change nothing of what is offered."""
    policy, history, look = Policy(default=Effect.ASK), History(), Look()
    request = Open(NOBODY, "/data/set/f", Access.READ)
    verdict = policy.decide(request)
    assert isinstance(verdict, Ask)
    place = Place(Surroundings("/home/u", "/home/u/w"), look)
    about = Asked(1, ((request, verdict),), Program(NOBODY))
    at_once = question(policy, about, place, history)
    whole = tuple(at_once.offers)
    later = question(policy, about, place, history)
    assert next(iter(later.offers)).id == "o" and look.looks == 1
    for _ in range(3):
        history.note(later.subject)
        history.note(at_once.subject)
    policy.extended([Rule(Subtree("/data"), Access.WRITE, Effect.ALLOW, FLAG)])
    assert [(each.id, each.rules) for each in later.offers] == [
        (each.id, each.rules) for each in whole
    ]
    words = [each.reach for each in later.offers]
    assert words == [each.reach for each in later.offers] and look.looks == 2


def test_threads_see_the_same() -> None:
    lazy = Offers(lambda: iter(offers("/data/f")))
    seen: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda: seen.append([each.id for each in lazy])) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [[each.id for each in offers("/data/f")]] * 8
