"""An answer for later runs: written into the answers' own profile, never into the person's."""

from __future__ import annotations

import os

from nono.broker.asking.question import Offer
from nono.broker.asking.surroundings import Place
from nono.supervisor.planning.profiles.kept_answers import keep


def keep_answer(offer: Offer, words: str, place: Place) -> None:
    """Add what the offer opens; `words` say who asked for what. Raises OSError, PolicyError."""
    keep(offer.file, os.environ, place.around.home, offer.kept, words)
