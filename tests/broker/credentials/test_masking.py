"""A key is unreadable in whatever pieces an answer comes, and no length changes."""

import base64
import random
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.broker.credentials.masking import Mask, Masking
from tests.spelling import spelt

KEYS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=60)


def forms(key: bytes, before: bytes) -> list[bytes]:
    return [
        key,
        quote(key, safe="").encode(),
        quote(key, safe="").lower().encode() if b"%" in quote(key, safe="").encode() else key,
        base64.b64encode(before + key),
        base64.urlsafe_b64encode(before + key),
        key.hex().encode(),
    ]


@given(KEYS, st.binary(max_size=30), st.binary(max_size=4), st.data())
def test_no_form_of_the_key_is_left(
    key: str, noise: bytes, before: bytes, data: st.DataObject
) -> None:
    real = key.encode()
    body = noise + b" ".join(forms(real, before)) + noise
    masking, out = Masking(Mask(real)), b""
    while body:
        size = data.draw(st.integers(1, max(1, len(body))))
        out += masking.feed(body[:size])
        body = body[size:]
    out += masking.finish()
    whole = noise + b" ".join(forms(real, before)) + noise
    assert len(out) == len(whole)
    if b"*" not in real + noise:
        told = bytes(
            b if b != a else 0 for a, b in zip(Mask(real).covered(whole), out, strict=True)
        )
        assert all(told[i] in (0, whole[i]) for i in range(len(told)))
        assert max(map(len, told.split(b"\0"))) <= 3
    for form in (real, real.lower(), quote(real, safe="").encode(), real.hex().encode()):
        assert form not in out or b"*" in form
    longest = base64.b64encode(before + real)
    assert longest not in out


@given(st.binary(max_size=200))
def test_other_bytes_pass_at_once(data: bytes) -> None:
    masking = Masking(Mask(b"a-key-that-is-not-there"))
    assert masking.feed(data) + masking.finish() == data


def test_only_the_beginning_of_a_key_is_held_back() -> None:
    masking = Masking(Mask(b"sk-0123456789"))
    assert masking.feed(b"data: hello\n\n") == b"data: hello\n\n"
    assert masking.feed(b"data: sk-01") == b"data: "
    assert masking.feed(b"no\n") == b"sk-01no\n"


def test_a_message_that_ends_like_a_key_begins_does_not_wait() -> None:
    masking = Masking(Mask(b"sk-0123456789"))
    assert masking.feed(b"yes") == b"yes"
    assert masking.feed(b"sk-") == b"sk-"
    assert masking.feed(b"0123") == b""
    assert masking.feed(b"456789, s") == b"**********, s"
    assert masking.feed(b"") == b""
    assert masking.feed(b"ky") == b"ky"
    assert masking.finish() == b""


def test_a_mask_and_its_text_show_no_key() -> None:
    mask = Mask(b"sk-0123456789")
    assert "sk-0123456789" not in repr(mask)
    assert mask.text("wrong key: sk-0123456789!") == "wrong key: *************!"


@given(KEYS, st.lists(st.binary(max_size=20), max_size=3), st.integers(1, 2), st.randoms())
def test_a_key_in_one_of_many_parts_is_found_in_all_of_them_together(
    key: str, others: list[bytes], depth: int, chance: random.Random
) -> None:
    """What is found in none of them is passed on without a closer look."""
    mask = Mask(key.encode())
    text = key if chance.random() < 0.5 else base64.b64encode(key.encode()).decode()
    part = spelt(chance, text, depth).encode()
    parts = [*others, part, *others]
    chance.shuffle(parts)
    if any(mask.covered(each) != each for each in parts):
        assert mask.may_be_in(parts)
    assert not mask.may_be_in([])


@pytest.mark.lots(kind="spelling")
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize(
    "spelling", ["%{:02X}", "={:02X}", "&#{};", "\\u{:04x}", "\\x{:02x}", "\\{:o}"]
)
@pytest.mark.parametrize("chosen", [{0}, {1}, {2}, {3}, {0, 1}, {*range(40)}], ids=str)
def test_wide_text_in_which_characters_are_spelt(
    encoding: str, spelling: str, chosen: set[int]
) -> None:
    """Its escapes have NULs inside, in one piece as in any pieces."""
    key = "s-real/0123456789abcdef"
    text = "".join(spelling.format(ord(c)) if n in chosen else c for n, c in enumerate(key))
    body = f'{{"error": "bad key {text} of yours"}}'.encode(encoding)
    mask = Mask(key.encode())
    assert b"*" * 40 in mask.covered(body)
    for size in (1, 2, 3, 7, 1000):
        masking = Masking(mask)
        told = b"".join(masking.feed(body[at : at + size]) for at in range(0, len(body), size))
        assert b"*" * 40 in told + masking.finish()
