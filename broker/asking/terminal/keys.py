"""Which key chooses which answer, and which answers take a second step."""

from __future__ import annotations

from collections.abc import Mapping

from nono.broker.asking.question import Lasts, Offer, Question
from nono.broker.dataclass import dataclass
from nono.broker.rules.rule import Effect

DETAILS = "?"
_DIGITS = "123456789"


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer as a person can choose it: the key, and what it does."""

    key: str
    offer: Offer

    @property
    def is_two_steps(self) -> bool:
        """True for what opens much or lasts: one key shows it in full, Enter then chooses it."""
        return takes_second_step(self.offer)


def takes_second_step(offer: Offer) -> bool:
    """True for an offer that one key alone must not choose."""
    return offer.broad or offer.lasts is Lasts.ALWAYS


def choices(question: Question) -> tuple[Choice, ...]:
    """Every offer with its key: its id where that is one letter, else the next free digit.

    A risky one that takes no second step has the capital letter, so that no key that is typed by
    itself chooses it.
    """
    taken: dict[str, Offer] = {}
    for offer in question.offers:
        for key in (_letter(offer), *_DIGITS):
            if key and key not in taken:
                taken[key] = offer
                break
    return tuple(Choice(key, offer) for key, offer in taken.items())


def _letter(offer: Offer) -> str:
    if not (len(offer.id) == 1 and offer.id.isascii() and offer.id.isalpha()):
        return ""
    return offer.id.upper() if _is_capital(offer) else offer.id


def _is_capital(offer: Offer) -> bool:
    return offer.is_risky and not takes_second_step(offer)


def is_capital_for_risk(choice: Choice) -> bool:
    """True for a capital letter that is one so that nobody types it by chance."""
    return choice.key.isupper() and _is_capital(choice.offer)


def by_key(choosable: tuple[Choice, ...]) -> Mapping[str, Choice]:
    """The same, to look up."""
    return {each.key: each for each in choosable}


def refusal(question: Question) -> Offer | None:
    """What Enter, Escape, the end of input and a paste choose: this call is refused, once.

    None when there is no such offer: then nobody decides, which refuses it as well.
    """
    for offer in question.offers:
        if offer.effect is Effect.DENY and offer.lasts is Lasts.ONCE:
            return offer
    return None
