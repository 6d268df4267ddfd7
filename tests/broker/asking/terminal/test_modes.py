"""What a program has switched on is known, whatever pieces its output comes in."""

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.broker.asking.terminal.modes import Modes
from nono.broker.asking.terminal.sequences import unfinished

SESSION = (
    "text äöü \x1b[1;31mred\x1b[?1049h\x1b[?1;1000;1006h\x1b=\x1b[?2004h\x1b[>1u\x1b[>4;2m"
    "\x1b[?25l\x1b]2;title\x07\x1b(0\x0eqqq\x1b[2J\x1bP+q\x1b\\ 中"
).encode()


def fed(*pieces: bytes) -> Modes:
    modes = Modes()
    for piece in pieces:
        modes.feed(piece)
    return modes


def state(modes: Modes) -> tuple[object, ...]:
    return modes.set_aside(), modes.put_back(), modes.title, modes.is_alternate, modes.is_between


def test_a_session() -> None:
    modes = fed(SESSION)
    assert modes.is_alternate and modes.pastes_bracketed and modes.is_between
    assert modes.title == b"title"
    aside, back = modes.set_aside(), modes.put_back()
    for off, on in (
        (b"\x1b[?1000l", b"\x1b[?1000h"),
        (b"\x1b[?1006l", b"\x1b[?1006h"),
        (b"\x1b[?1l", b"\x1b[?1h"),
        (b"\x1b>", b"\x1b="),
        (b"\x1b[>0u", b"\x1b[<1u"),
        (b"\x1b[>4m", b"\x1b[>4;2m"),
        (b"\x1b(B\x0f", b"\x1b(0\x0e"),
        (b"\x1b[0m", b"\x1b[0m\x1b[1;31m"),
    ):
        assert off in aside and on in back, (aside, back)
    assert back.endswith(b"\x1b[?25l") and b"?2004l" not in back


@pytest.mark.parametrize("dropped", [b"\0", b"\x7f", b"\0\0\a", b"\x05"])
def test_what_terminals_drop_inside_of_a_sequence_hides_none(dropped: bytes) -> None:
    for sequence in (
        b"\x1b[>31u",
        b"\x1b[?1049h",
        b"\x1b[?1000h",
        b"\x1b=",
        b"\x1b[4h",
        b"\x1b[2J",
    ):
        for place in range(1, len(sequence)):
            hidden = b"text" + sequence[:place] + dropped + sequence[place:]
            assert state(fed(hidden)) == state(fed(sequence)), hidden
            assert state(fed(*(hidden[each : each + 1] for each in range(len(hidden))))) == state(
                fed(sequence)
            )
    assert fed().feed(b"ab\x1b[?10\x0049hcd") == 2  # where the screen begins anew
    ended = fed(b"\x1b[>3\x18 1u\x1b[>3\x1a 1u")
    assert b"\x1b[>0u" not in ended.set_aside()


def test_strings_begin_where_they_do() -> None:
    assert not fed(b"\x1b\a]0;title").is_between
    assert fed(b"\x1b\0]0;title\a").title == b"title"


def test_the_palette_of_the_linux_console() -> None:
    for printed in (b"\x1b]P7000000", b"text\x1b]P0000000text"):
        assert b"\x1b]R\x1b\\" in fed(printed).set_aside()


def test_what_hides_text() -> None:
    modes = fed(b"\x1b[8m\x1b[?5h\x1b[?69h\x1b[4h\x1b]11;#000000\x07\x1b]4;0;red\x1b\\\x1b[?7l")
    aside = modes.set_aside()
    for off in (b"?5l", b"?69l", b"[4l", b"]104", b"]110", b"]111", b"[0m", b"?7h"):
        assert off in aside
    assert b"\x1b[4h" in modes.put_back() and b"\x1b[8m" in modes.put_back()


def test_nothing_is_sent_that_is_not_needed() -> None:
    assert fed(b"plain").set_aside() == b"\x1b(B\x0f\x1b[0m\x1b[?7h\x1b[?2004h"
    assert fed(b"plain").put_back() == b"\x1b[?2004l\x1b[0m\x1b[?25h"


@given(st.lists(st.integers(0, len(SESSION)), max_size=6))
def test_pieces_make_no_difference(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(SESSION)]
    pieces = [SESSION[a:b] for a, b in itertools.pairwise(places)]
    assert state(fed(*pieces)) == state(fed(SESSION))


@given(st.lists(st.binary(max_size=40), max_size=6))
def test_any_bytes_will_do(pieces: list[bytes]) -> None:
    state(fed(*pieces))
    state(fed(*(b"\x1b[" + each for each in pieces)))


@pytest.mark.parametrize(
    ("output", "left"),
    [
        (b"", 0),
        (b"text", 0),
        (b"\x1b", 1),
        (b"\x1b[", 2),
        (b"a\x1b[1;3", 5),
        (b"\x1b[1;3m", 0),
        (b"\x1b(", 2),
        (b"\x1b(0", 0),
        (b"\x1b]0;tit", 7),
        (b"\x1b]0;tit\x07x", 0),
        (b"\x1b]0;tit\x1b", 8),
        (b"\x1b]0;tit\x1b\\", 0),
        (b"\x1bPdata\x07", 7),
        ("ä".encode()[:1], 1),
        ("ä".encode(), 0),
        ("中".encode()[:2], 2),
        ("😀".encode()[:3], 3),
        (b"\x80\x80\x80\x80", 0),
    ],
)
def test_boundaries(output: bytes, left: int) -> None:
    assert unfinished(output) == left


def test_a_frame_is_not_interrupted() -> None:
    assert not fed(b"\x1b[?2026hhalf").is_between
    assert fed(b"\x1b[?2026hhalf\x1b[?2026l").is_between


def test_a_string_may_be_longer_than_what_is_kept() -> None:
    modes = fed(b"\x1b]52;c;", *[b"A" * 3000] * 4)
    assert not modes.is_between
    modes.feed(b"AA\x1b")
    modes.feed(b"\\\x1b[?1049h")
    assert modes.is_between and modes.is_alternate


def test_where_the_screen_begins() -> None:
    modes = Modes()
    assert modes.feed(b"abc") is None
    assert modes.feed(b"abc\x1b[?1049hdef") == 3
    assert modes.feed(b"abc\x1b[2") is None
    assert modes.feed(b"Jdef") == 0
    assert modes.feed(b"\x1b[2Jx\x1b[2Jy") == 5
    modes.feed(b"\x1bc")
    assert not modes.is_alternate


def test_a_soft_reset_shows_the_cursor() -> None:
    assert fed(b"\x1b[?25l\x1b[?1h\x1b[!p").put_back().endswith(b"\x1b[?25h")


@pytest.mark.parametrize(
    ("printed", "off"),
    [
        (b"\x1b[?0000069h", b"?69l"),
        (b"\x1b[?0001003h", b"?1003l"),
        (b"\x1b]010;#000000\x07", b"]110"),
        (b"\x1b]0004;0;red\x07", b"]104"),
        (b"\xc2\x9b?69h", b"?69l"),
        (b"\xc2\x9d11;red\xc2\x9c", b"]111"),
        (b"\x1b[04h", b"[4l"),
    ],
)
def test_other_spellings_of_the_same(printed: bytes, off: bytes) -> None:
    assert off in fed(printed).set_aside()
    assert off in fed(*(bytes([each]) for each in printed)).set_aside()
    assert fed(b"\x1b[?0001049h").is_alternate and not fed(b"\x1b[?0002026h").is_between
    assert not fed(b"\xc2\x9d0;").is_between


def test_what_is_not_understood_is_known() -> None:
    """An ordinary session is no such thing: colours, cursors, titles, links, what vim prints."""
    assert fed().is_untouched and fed(b"text").is_untouched and not fed(b"\x1b[m").is_untouched
    usual = b"\x1b[2K\x1b[1G\x1b[?25l\x1b]8;;x\x07\x1b[6 q\x1b7\x1b[0;23r\x1b8\x1b[>c\x1b[22;0;0t"
    assert not fed(SESSION.replace(b"\x1bP+q\x1b\\", b""), usual, b"\x1b[?12;25h").is_strange
    for odd in (
        b"\x1b[5i",
        b"\x1b[?2l",
        b"\x1b[?4294967301h",
        b"\x1b[1;2s",
        b"\x1b#6",
        b"\x1b%@",
        b"\x1bPtmux;x\x1b\\",
        b"\x1b[?10\n49h",
        b"\x1b[2 k",
        b"\x1b]50;font\x07",
        b"\xc2\x85",
    ):
        assert fed(odd).is_strange, odd
        assert fed(odd[:2], odd[2:], b"x").is_strange, odd


def test_many_strings_take_no_longer_than_one() -> None:
    """Each is looked at once: it took 1.5 seconds for 64 KiB."""
    searched = b"\x1b]a\x07" * 100_000
    before = time.process_time()
    assert unfinished(searched) == 0 and unfinished(searched + b"\x1b]a") == 3
    fed(searched, b"\x1b\\" * 1000, b"\x1bPx\x07" * 1000)
    assert time.process_time() - before < 3


@pytest.mark.parametrize("asks", [b"\x1b]11;?\x07", b"\x1b]10;?\x1b\\", b"\x1b]4;12;?\x07"])
def test_who_only_asks_for_a_colour_has_named_none(asks: bytes) -> None:
    assert b"]104" not in fed(b"text" + asks).set_aside()
    assert b"]104" in fed(asks.replace(b"?", b"?;red")).set_aside()
