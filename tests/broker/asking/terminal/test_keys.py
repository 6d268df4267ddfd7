"""Every offer has one key, and no small letter chooses what is risky."""

from dataclasses import replace

from nono.broker import Effect
from nono.broker.asking.question import Lasts, Offer
from nono.broker.asking.terminal.keys import choices, refusal
from tests.broker.asking.asked import offers, question


def test_the_id_is_the_key_where_it_is_a_letter() -> None:
    assert "".join(each.key for each in choices(question())) == "ordanNQ"
    assert "".join(each.key for each in choices(question(is_risky=True))) == "ORdanNQ"


def test_others_get_digits_and_none_is_lost() -> None:
    given = (
        *offers("/d/x", is_risky=True),
        Offer("O", Effect.DENY, Lasts.RUN, (), "another"),
        Offer("tree", Effect.ALLOW, Lasts.RUN, (), "a tree"),
    )
    found = choices(question(given=given))
    assert "".join(each.key for each in found) == "ORdanNQ12"
    assert {each.offer.id for each in found} == {each.id for each in given}


def test_what_refuses_is_the_call_alone() -> None:
    asked = question()
    refused = refusal(asked)
    assert refused is not None and refused.id == "n"
    allowing = tuple(each for each in asked.offers if each.effect is Effect.ALLOW)
    assert refusal(replace(asked, offers=allowing)) is None
