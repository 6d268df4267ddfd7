"""No spelling of a key gets through, in whatever pieces it comes; other text passes unchanged."""

import base64
import html
import json
import quopri
import random
import time
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nono.broker.credentials.masking import Mask, Masking
from tests.spelling import WAYS, mailed, mixed, readings, soft_broken, spelt, wrapped

KEY = "sk-real/8+f3=Zq7XwT1mK9vB2"
KEYS = st.one_of(
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=24),
    st.text("ab/+", min_size=8, max_size=12),
    st.text("\\&%=u0x;#", min_size=8, max_size=12),
    st.sampled_from((KEY, "u0041bcdef", "%2F%2F%2F%2F", "user:p w +x")),
)
NOISE = st.lists(
    st.sampled_from((b"\\", b"%", b"&", b"=", b"&#", b"%2", b"\\u00", b"\n", b"s", b"\xff", b"0")),
    max_size=5,
).map(b"".join)
MANY = settings(deadline=None, max_examples=60)
CHANCE = st.integers(0, 1 << 32).map(random.Random)


def passed(key: str, body: bytes, sizes: Callable[[], int]) -> bytes:
    masking, out = Masking(Mask(key.encode())), b""
    while body:
        size = sizes()
        out += masking.feed(body[:size])
        body = body[size:]
    return out + masking.finish()


def hidden(key: str, before: bytes, spelling: bytes, after: bytes, chance: random.Random) -> bytes:
    """What of the spelling is left by a stream: the same in one piece is all asterisks."""
    body = before + spelling + after
    start, end = len(before), len(before) + len(spelling)
    whole = Mask(key.encode()).covered(body)
    assert len(whole) == len(body)
    assert set(whole[start:end]) == {*b"*"}, (body, whole)
    largest = chance.choice((1, 3, len(body)))
    out = passed(key, body, lambda: chance.randint(1, largest))
    assert len(out) == len(body)
    assert not any(key.encode() in read for read in readings(out))
    return out[start:end]


def assert_little_is_told(key: str, left: bytes, depth: int = 1) -> None:
    """At most 3 bytes, or one character: what a stream that ends there lets pass.

    Where a spelling is spelt again, that one character is longer, and may be told in part.
    """
    told = left.rstrip(b"*")
    is_part = depth > 1 and len(told) <= 6 * depth
    assert len(told) <= 3 or is_part or Masking(Mask(key.encode())).feed(told) == told, told


@MANY
@given(KEYS, NOISE, NOISE, st.integers(1, 3), CHANCE)
def test_every_spelling(
    key: str, before: bytes, after: bytes, depth: int, chance: random.Random
) -> None:
    spelling = spelt(chance, key, depth).encode()
    assert_little_is_told(key, hidden(key, before, spelling, after, chance), depth)


@MANY
@given(KEYS, NOISE, NOISE, CHANCE)
def test_every_character_in_its_own_spelling(
    key: str, before: bytes, after: bytes, chance: random.Random
) -> None:
    spelling = mixed(chance, key).encode()
    assert_little_is_told(key, hidden(key, before, spelling, after, chance))


@MANY
@given(KEYS, st.sampled_from(sorted(WAYS)), CHANCE)
def test_encoded_and_then_spelt(key: str, name: str, chance: random.Random) -> None:
    whole = len(key) * 8 // 6  # so many characters of base64 are the key's alone
    for form in (
        base64.b64encode(key.encode()).decode()[:whole],
        base64.urlsafe_b64encode(key.encode()).decode()[:whole],
        key.encode().hex(),
        key.encode().hex().upper(),
    ):
        pieces = (chance.choice((char, *WAYS[name][1](ord(char)))) for char in form)
        hidden(key, b'{"key":"', "".join(pieces).encode(), b'"}', chance)


@MANY
@given(KEYS, st.sampled_from(("\n", "\r\n", "\\n", "\\r\\n", "%0A", "%0D%0A", "&#10;")), CHANCE)
def test_wrapped(key: str, end: str, chance: random.Random) -> None:
    before = chance.randint(0, 2)
    encoded = base64.b64encode(b"x" * before + key.encode() + b"yz").decode()
    own = encoded[(before * 8 + 5) // 6 : (before + len(key)) * 8 // 6]
    for form in (own, key.encode().hex()):
        lines = wrapped(form, chance.randint(2, 20), end).encode()
        hidden(key, encoded[: -len(encoded) + before].encode(), lines, b"", chance)


@MANY
@given(KEYS, st.sampled_from(("\n", "\r\n")), CHANCE)
def test_softly_broken(key: str, end: str, chance: random.Random) -> None:
    broken = soft_broken(key, chance.randint(1, 9), end)
    hidden(key, b"", broken.encode(), b"\n", chance)
    hidden(key, b"", urllib.parse.quote(broken).encode(), b"\n", chance)
    hidden(key, b'"', json.dumps(broken)[1:-1].encode(), b'"', chance)


IN_MAILS: dict[str, Callable[[str], str]] = {
    "json": lambda key: "".join(f"\\u{ord(c):04x}" for c in key),
    "json in json": lambda key: "".join(f"\\\\u{ord(c):04x}" for c in key),
    "octal": lambda key: "".join(f"\\{ord(c):o}" for c in key),
    "braces": lambda key: "".join(f"\\u{{{ord(c):x}}}" for c in key),
    "decimal": lambda key: "".join(f"&#{ord(c)};" for c in key),
    "hexadecimal": lambda key: "".join(f"&amp;#x{ord(c):x};" for c in key),
    "names": lambda key: key.replace("/", "&sol;").replace("+", "&amp;plus;"),
    "escape": lambda key: "".join(f"%u{ord(c):04x}" for c in key),
    "quote": lambda key: "".join(f"%25{ord(c):02x}" for c in key),
    "utf-16-le": lambda key: key.encode("utf-16-le").decode(),
    "utf-32-be": lambda key: key.encode("utf-32-be").decode(),
}


@pytest.mark.parametrize("name", IN_MAILS)
@settings(deadline=None, max_examples=4)
@given(st.integers(3, 12), st.sampled_from(("\n", "\r\n")), CHANCE)
def test_softly_broken_inside_of_characters(
    name: str, every: int, end: str, chance: random.Random
) -> None:
    """In lines so short that breaks are everywhere; and such mails in JSON and in a URL."""
    mail = mailed("x" * chance.randrange(every) + IN_MAILS[name](KEY) + "x", every, end)
    for text in (mail, json.dumps(mail), urllib.parse.quote(mail)):
        body = text.encode()
        covered = Mask(KEY.encode()).covered(body)
        assert len(covered) == len(body)
        # What a break or a NUL stands in front of is the last that is left in front of the key.
        left = covered.strip(b'"').rpartition(b"*")
        assert left[2].lstrip(b"=0\\\r\nrnuD%A3") in (b"x", b""), covered
        assert left[0].rstrip(b"*").strip(b"x").strip(b"=0\\\r\nrnuD%A3x") == b"", covered
        size = chance.choice((5, 17, 64))
        out = passed(KEY, body, lambda size=size: size)  # type: ignore[misc]
        assert out.count(b"*") >= covered.count(b"*") - 60, "more than a character is told"


BY_LIBRARIES: dict[str, Callable[[str], bytes]] = {
    "json": lambda key: json.dumps({"k": key}).encode(),
    "json in json": lambda key: json.dumps(json.dumps({"k": key})).encode(),
    "json thrice": lambda key: json.dumps(json.dumps(json.dumps(key))).encode(),
    "slashes as PHP": lambda key: json.dumps(key).replace("/", r"\/").encode(),
    "Gson": lambda key: json.dumps(key).replace("=", r"\u003d").replace("&", r"\u0026").encode(),
    "Go": lambda key: json.dumps(html.escape(key)).replace("&", r"\u0026").encode(),
    "html": lambda key: html.escape(key).encode(),
    "html twice": lambda key: html.escape(html.escape(key)).encode(),
    "xml": lambda key: "".join(f"&#x{ord(c):X};" for c in key).encode(),
    "quote": lambda key: urllib.parse.quote(key, safe="").encode(),
    "quote twice": lambda key: urllib.parse.quote(urllib.parse.quote(key)).encode(),
    "quote thrice": lambda key: quoted(key, 3),
    "quote_plus": lambda key: urllib.parse.quote_plus(key).encode(),
    "every byte": lambda key: "".join(f"%{ord(c):02x}" for c in key).encode(),
    "every byte twice": lambda key: "".join(f"%25{ord(c):02x}" for c in key).encode(),
    "mail": lambda key: quopri.encodestring(key.encode()),
    "long mail": lambda key: quopri.encodestring(b"x" * 60 + key.encode()),
    "mail header": lambda key: quopri.encodestring(key.encode(), header=True),
    "utf-16-le": lambda key: key.encode("utf-16-le"),
    "utf-16-be": lambda key: key.encode("utf-16-be"),
    "utf-32-le": lambda key: key.encode("utf-32-le"),
    "utf-32-be": lambda key: key.encode("utf-32-be"),
    "utf-16 quoted": lambda key: urllib.parse.quote(key.encode("utf-16-le")).encode(),
    "base64 in mail": lambda key: base64.encodebytes(b"x" * 43 + key.encode() * 3),
    "base64 in json": lambda key: json.dumps(base64.encodebytes(key.encode()).decode()).encode(),
    "base64 in a URL": lambda key: quoted(base64.b64encode(key.encode()).decode(), 1),
    "repr": lambda key: repr(repr(repr(key))).encode(),
    "octal": lambda key: "".join(f"\\{ord(c):o}" for c in key).encode(),
    "markdown": lambda key: "".join(c if c.isalnum() else "\\" + c for c in key).encode(),
    "upper hex": lambda key: key.encode().hex().upper().encode(),
    "lower case": lambda key: key.lower().encode(),
    "escape": lambda key: "".join(f"%u{ord(c):04X}" for c in key).encode(),
}


def quoted(text: str, times: int) -> bytes:
    for _ in range(times):
        text = urllib.parse.quote(text, safe="")
    return text.encode()


@pytest.mark.parametrize("name", BY_LIBRARIES)
@pytest.mark.parametrize("key", [KEY, "AIzaSyD-9tSrke72PouQMnMX", "user:p&s<w>\"o'r\\d", "a" * 64])
def test_what_libraries_write(name: str, key: str) -> None:
    body = b'[1, "' + BY_LIBRARIES[name](key) + b'"]\n'
    masked = Mask(key.encode()).covered(body)
    assert len(masked) == len(body)
    # What is left is what the library has put around it.
    unlike = [c for c in body if c not in b"[]1, \"'{}k:\\=\n\r\0xX&;quot#39aeYmp"]
    assert masked.count(b"*") >= len(key) or len(unlike) < len(key)
    for size in (1, 2, 7, 64):
        sizes = [size]
        out = passed(key, body, lambda sizes=sizes: sizes[0])  # type: ignore[misc]
        assert sum(a != b for a, b in zip(out, masked, strict=True)) <= 10


@given(st.binary(max_size=300), st.integers(1, 40))
def test_other_bytes_pass_unchanged(data: bytes, size: int) -> None:
    assert passed(KEY, data, lambda: size) == data
    assert Mask(KEY.encode()).covered(data) == data


@settings(deadline=None)
@given(CHANCE)
def test_spelt_text_that_is_not_the_key_passes_unchanged(chance: random.Random) -> None:
    # Never all but the last one: it may be read into what follows, as `&#x0000` before a 2 is NUL.
    text = "".join(chance.choice((KEY[: chance.randrange(len(KEY) - 1)], "x", " ", "\n", "/"))
                   for _ in range(9))  # fmt: skip
    body = (spelt(chance, text, chance.randint(0, 2)) if chance.random() < 0.9 else text).encode()
    assert passed(KEY, body, lambda: chance.randint(1, 30)) == body


MESSAGES = (
    b'data: {"choices":[{"delta":{"content":"sk-real"}}]}\n\n',
    b"data: sk-real/8\n\n",
    b"data: sk-real/8\r\n\r\n",
    b"event: ping\ndata: {}\n\n",
    b"data: [DONE]\n\n",
    b"c2stcmVh\n\n",
    b'{"done":false,"text":"a\\u002fb\\n"}\n',
    b'{"type":"response.output_text.delta","delta":"\\/ sk-"}',
    b"tasks",
    b"sk-",
    b"sk-\n",
    b"sk-real\n",
    b"as %",
    b"100%",
    b"R&",
    b"q=",
    b"a\\",
    b"x &#115;",
    b"x \\u0073",
    b"x %73",
    b"s\0",
)


@pytest.mark.parametrize("message", MESSAGES)
def test_a_message_does_not_wait_for_the_next(message: bytes) -> None:
    masking = Masking(Mask(KEY.encode()))
    for _ in range(3):
        assert masking.feed(message) == message
    assert masking.finish() == b""


def test_one_character_is_told_in_whatever_spelling() -> None:
    masking = Masking(Mask(KEY.encode()))
    assert masking.feed(b"\\u0073") == b"\\u0073"
    assert masking.feed(b"\\u00") == b""
    assert masking.feed(b"6b-real/8+f3=Zq7XwT1mK9vB2!") == b"*" * 30 + b"!"
    assert masking.feed(b"s") == b"s"
    assert masking.feed(b"&#1") == b""
    assert masking.feed(b"00;") == b"&#100;"


@pytest.mark.lots(kind="piece")
@pytest.mark.long
@pytest.mark.parametrize(
    "piece",
    [
        b"\\",
        b"%",
        b"&",
        b"=",
        b"\0",
        b"s",
        b"%25",
        b"&amp;",
        b"\\u005c",
        b"%73",
        b"sk-real/",
        b"\n",
    ],
)
def test_time_is_linear(piece: bytes) -> None:
    def seconds(size: int) -> float:
        body = piece * (size // len(piece))
        masking = Masking(Mask(KEY.encode()))
        start = time.process_time()
        masking.feed(body)
        return time.process_time() - start

    assert seconds(1 << 16) < 0.5 + 8 * seconds(1 << 14)


@pytest.mark.long
def test_little_is_kept() -> None:
    """Whatever may go on for ever."""
    for piece in (b"s\0", b"sk-\0", b"c2st\n", b"sk-=\n", b"&amp;", b"&#000", b"\\u{000", b"%25"):
        masking = Masking(Mask(KEY.encode()))
        out = sum(len(masking.feed(piece)) for _ in range(1500))
        assert len(piece) * 1500 - out <= 160 * len(KEY)
