"""The blocks of addresses in nono's own code: read when one is asked about, and right."""

from __future__ import annotations

import pytest

from nono.broker.errors import PolicyError
from nono.broker.network.index import is_loopback
from nono.broker.network.refusals import METADATA_RULES, PRIVATE_RULES
from nono.broker.rules.addresses import forms
from nono.broker.rules.host_patterns import AddressBlock


def test_it_is_read_when_it_is_asked_about() -> None:
    with pytest.raises(PolicyError):
        AddressBlock("10.0.0.1/8")
    block = AddressBlock("10.0.0.1/8", is_ours=True)
    with pytest.raises(PolicyError):
        block.contains(forms("10.0.0.1")[0])


def test_it_is_the_same_block() -> None:
    ours, another = AddressBlock("10.0.0.0/8", is_ours=True), AddressBlock("10.0.0.0/8")
    assert ours == another and hash(ours) == hash(another) and repr(ours) == repr(another)
    assert ours.ends == another.ends


def test_all_of_them_are_right() -> None:
    for rule in (*METADATA_RULES, *PRIVATE_RULES):
        assert isinstance(rule.pattern, AddressBlock)
        first, last = rule.pattern.ends
        assert int(first) <= int(last) and rule.pattern == AddressBlock(rule.pattern.text)
    assert is_loopback(forms("127.0.0.1")[0]) and is_loopback(forms("::1")[0])
