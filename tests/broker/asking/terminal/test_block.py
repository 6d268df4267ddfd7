"""A question as lines: at every width, with names that want to be something else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.broker import File
from nono.broker.asking.control.plain_question import plain_question, read_question
from nono.broker.asking.question import SubjectKind
from nono.broker.asking.terminal import plain
from nono.broker.asking.terminal.block import (
    MAX_TEXT,
    Surroundings,
    block,
    brief,
    details,
    is_too_long,
    outcome,
    second_step,
    settled,
)
from nono.broker.asking.terminal.columns import cut, width
from nono.broker.asking.terminal.hints import hint, with_hint
from nono.broker.asking.terminal.keys import choices
from nono.broker.visible import visible
from tests.broker.asking.asked import PATH, question

WIDE = """\
── nono asks ───────────────────────────────────────────── run 7f3a · 1 of 2 ──
  python3 train.py  (pid 4711, started by make)
  wants to read   /home/u/datasets/imagenet/
                  val_0001.jpeg
  because         no rule covers it, and the default is to ask
  o  this file, once                    r  this file, this run
  d  all of imagenet/, this run (312 files)
  a  all of imagenet/, always (312 files) …
  n  no                                 N  nothing of imagenet/ in this run
  Q  ask no more in this run, deny      ?  details
───────────────────────────────────────────────────────────────────────────────"""

HOSTILE = (
    "\x1b[2J\x1b[H\x1b]0;title\x07",
    "\u202egnp.exe",
    "\u200b\u200d\ufeff",
    "line\r\nanother",
    "\x00\x7f\x9b31m",
    "\udc80\udcff",
    "名前の長いファイル",
    "x" * 4000,
)


def test_the_block() -> None:
    asked = question()
    assert "\n".join(block(asked, choices(asked), Surroundings(80, "7f3a", 1, 2))) == WIDE


@pytest.mark.parametrize("wants", ["read", "create", "change the owner of", "connect to"])
def test_what_stands_beside_labels_is_one_column(wants: str) -> None:
    """However long the longest of them is."""
    asked = replace(question(), wants=wants, seen=2)
    for lines in (block, details):
        shown = lines(asked, choices(asked), Surroundings(100))
        texts = ("/home/u/datasets", "val_0001", "no rule covers it", "this place was asked")
        starts = {line.index(text) for text in texts for line in shown if text in line[:60]}
        assert len(starts) == 1, shown


def test_how_often_was_asked_before_is_one_number() -> None:
    for seen, times in ((1, "once"), (2, "2 times")):
        asked = replace(question(), seen=seen)
        around = Surroundings(120)
        said = f"this place was asked about {times} before in this run"
        shown = choices(asked)
        for lines in (block(asked, shown, around), details(asked, shown, around)):
            assert sum(said in line for line in lines) == 1
    assert not any("before in" in line for line in block(question(), (), Surroundings(120)))


def test_a_host_is_shown_with_its_port() -> None:
    host = question("api.example.org", SubjectKind.HOST)
    asked = replace(host, wants="connect to", objects=(("connect to", "api.example.org:8443"),))
    around, what = Surroundings(80), "api.example.org:8443"
    assert any(line.endswith(what) for line in block(asked, choices(asked), around))
    assert outcome(asked, None, around) == f"connect to {what}: no"
    assert f"wants to connect to: {what}" in "\n".join(plain.listed(asked, choices(asked)))
    assert what in "".join(brief(asked, choices(asked), Surroundings(50)))


def test_the_home_is_short() -> None:
    asked = question()
    around = Surroundings(80, home="/home/u")
    assert "  wants to read   ~/datasets/imagenet/" in block(asked, choices(asked), around)
    assert "~/datasets/imagenet/val" in "".join(brief(asked, choices(asked), around))


def test_every_object_that_an_answer_allows_is_shown() -> None:
    several = tuple(("delete", f"/home/u/data/f{each}") for each in range(8))
    asked = replace(question(), objects=several[:6], later=2, waiting=8)
    around = Surroundings(80, home="/home/u")
    given = choices(asked)
    shown = [
        block(asked, given, around),
        details(asked, given, around),
        brief(asked, given, Surroundings(50, home="/home/u")),
        [outcome(asked, None, around)],
    ]
    for lines in shown:
        assert all(f"delete ~/data/f{each}" in "\n".join(lines) for each in range(6))
    assert "8 calls wait, 2 of them for another question" in "\n".join(shown[0])
    assert "To delete: /home/u/data/f5" in plain.listed(asked, given)
    assert read_question(plain_question(asked)).objects == asked.objects
    # Of one call there may be more.
    lines = block(replace(asked, objects=several), given, around)
    assert any(line.endswith("  and 2 more") for line in lines)
    assert is_too_long(replace(asked, objects=(("read", "/" + "x" * MAX_TEXT),)))


def test_a_narrow_one_has_few_lines() -> None:
    asked = question()
    lines = block(asked, choices(asked), Surroundings(50))
    assert lines[0].startswith("nono asks: python3 wants to read /home/u")
    assert len(lines) <= 7 and "o this file, once" in "\n".join(lines)


def test_the_second_step_shows_rule_reach_and_file() -> None:
    asked = question()
    kept, wide = (each for each in choices(asked) if each.key in "ad"), Surroundings(90)
    tree, always = sorted(kept, key=lambda each: each.key != "d")
    shown = "\n".join(second_step(always, wide))
    for words in ("312 files", '"read": ["/home/u/datasets/imagenet"]', "p.answers.json", "Enter"):
        assert words in shown
    assert "allow read /home/u/datasets/imagenet/…" in "\n".join(second_step(tree, wide))
    rule = tree.offer.rules[0]
    many = [replace(rule, pattern=File(f"/data/f{number}")) for number in range(30)]
    all_of = replace(tree, offer=replace(tree.offer, rules=tuple(many)))
    shown = "\n".join(second_step(all_of, wide))
    assert all(f"allow read /data/f{number}" in shown for number in range(30))


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("columns", [20, 59, 60, 80, 200])
def test_nothing_hides(name: str, columns: int) -> None:
    path = f"/home/u/{name}/{name}"
    asked = question(path, script=name)
    around = Surroundings(columns, name)
    shown = [*block(asked, choices(asked), around), *details(asked, choices(asked), around)]
    shown += [*brief(asked, choices(asked), around), settled(path, True, columns)]
    for line in shown:
        assert line.isprintable() and "\u202e" not in line
        assert width(line) < columns
    for line in plain.listed(asked, choices(asked), name):
        assert line.isprintable()


@pytest.mark.parametrize("columns", [20, 59, 80])
def test_a_long_path_loses_nothing(columns: int) -> None:
    path = f"/begin{'/a' * 500}/end/{'b' * 300}.txt"
    asked = question(path)
    for view in (block, details, brief):
        text = "".join(line.strip() for line in view(asked, choices(asked), Surroundings(columns)))
        assert path in text
    assert not is_too_long(asked)
    assert is_too_long(question("/" + "a" * MAX_TEXT))
    assert is_too_long(question("/" + "\x1b" * (MAX_TEXT // 4)))  # with its escapes


def test_hosts_are_one_line() -> None:
    asked = question("pypi.org:443", SubjectKind.HOST)
    assert "  wants to read   pypi.org:443" in block(asked, choices(asked), Surroundings(80))


@given(st.text(st.characters(exclude_categories=["C", "Z"])), st.integers(0, 40))
def test_a_cut_text_fits(text: str, columns: int) -> None:
    assert width(cut(text, columns)) <= columns
    if width(text) <= columns:
        assert cut(text, columns) == text


def test_the_list_and_its_answers() -> None:
    asked = question(is_risky=True)
    choosable = choices(asked)
    lines = plain.listed(asked, choosable, "7f3a")
    assert lines[0] == "nono asks for run 7f3a." and "Capital O: this file, once" in lines
    assert "n: no" in lines and "so O, R are capital letters" in lines[-1]
    assert "capital" not in "\n".join(plain.listed(question(), choices(question())))
    first = plain.chosen("O\n", choosable)
    assert first is not None and first.offer.id == "o" and plain.takes_two_lines(first)
    assert [plain.chosen(each, choosable) for each in ("1", "o", "", "y", "n n", "nn", "²")] == (
        [None] * 7
    )
    assert any(PATH.rpartition("/")[0] in line for line in plain.confirmed(choosable[3]))


def test_why_a_capital_letter() -> None:
    for kind, why in (
        (SubjectKind.FILE, "it would change what is not the project's"),
        (SubjectKind.SOCKET, "whatever listens there works outside"),
        (SubjectKind.HOST, "no list of known hosts has it"),
    ):
        asked = question("/x/y" if kind is not SubjectKind.HOST else "a:443", kind, is_risky=True)
        given = choices(asked)
        for lines in (
            block(asked, given, Surroundings(90)),
            details(asked, given, Surroundings(90)),
        ):
            assert f"  careful         {why}" in "\n".join(lines)
    harmless = question()
    assert "careful" not in "\n".join(block(harmless, choices(harmless), Surroundings(90)))


def test_a_key_that_is_no_answer() -> None:
    risky = choices(question(is_risky=True))
    lines = block(question(), choices(question()), Surroundings(80))
    for key, is_second, words in (
        ("x", False, "no answer: one of the letters is; Enter and Esc say no"),
        ("o", False, "not o: O, a capital letter"),
        ("N", False, "no answer"),
        ("D", False, "not D: d, a small letter"),
        ("\x1b[A", False, "no answer"),
        ("o", True, "Enter does it, Esc goes back"),
    ):
        shown = with_hint(lines, hint(key, risky, is_second), 80)
        assert shown[:-1] == lines[:-1] and words in shown[-1] and width(shown[-1]) == 79
        assert shown[-1].isprintable()
    assert with_hint(lines, "", 80) == lines
    narrow = brief(question(), choices(question()), Surroundings(20))
    assert with_hint(narrow, "no answer", 20)[:-1] == narrow


def test_blanks_and_marks_move_nothing() -> None:
    """A name puts no words of its own onto another line, nor ink."""
    asked = question(f"/d/a{' ' * 90}because{' ' * 3}it is harmless")
    lines = block(asked, choices(asked), Surroundings(80))
    assert not any(line.strip().startswith("because   it") for line in lines)
    assert r"a \x20\x20" in "\n".join(lines)
    assert visible("o\u0301\u0323 a b") == "o\u0301\u0323 a b"
    assert visible("e" + "\u0301" * 5) == "e" + "\u0301" * 3 + r"\u0301\u0301"
    assert visible("\u0301x \u0301\u200b\u0301") == r"\u0301x \u0301\u200b\u0301"
