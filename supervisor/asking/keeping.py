"""An answer for later runs: written into the answers' own profile, never into the person's."""

from __future__ import annotations

import os

from nono.broker.asking.entries import entries
from nono.broker.asking.question import Offer
from nono.broker.asking.surroundings import Place
from nono.supervisor.planning.kept_answers import keep


def keep_answer(offer: Offer, words: str, place: Place) -> None:
    """Add what the offer opens; `words` say who asked for what. Raises OSError, PolicyError."""
    around = place.around
    found = [entry for rule in offer.rules for entry in entries(rule.pattern, rule.access, around)]
    keep(offer.file, os.environ, around.home, found, words)
