"""A question below what a program prints: drawn, answered, and replaced by one line."""

from pathlib import Path

import pytest

from tests.conftest import Account
from tests.supervisor.asking.screen import ASKS, QUIET, Person, Questions, driver, person

pytestmark = [
    pytest.mark.requires(landlock=6),
    pytest.mark.parametrize("as_user", ["user"], indirect=True),
]
PATH = "/data/imagenet/val_0001.jpeg"
TYPES = """
echo first; stty -echo; printf 'name: '; read name; stty echo; echo; echo "got $name"
printf 'more: '; read more; echo "and $more"
"""


@pytest.fixture
def questions(as_user: Account, project: Path) -> Questions:
    return Questions(as_user, project)


def asks(someone: Person, questions: Questions, path: str = PATH, what: str = "read") -> None:
    questions.ask(path, what)
    someone.wait(ASKS)


def test_typing_is_the_programs_and_a_key_is_ours(
    as_user: Account, project: Path, questions: Questions
) -> None:
    with person(as_user, as_user.python, *driver(questions, "sh", "-c", TYPES), cwd=project) as one:
        one.wait("name:")
        before = one.text
        one.type("al")
        with questions.too_early(one):
            asks(one, questions)
            for key in "iced nor\r":  # o, n and Enter among them
                one.type(key)
                one.rest(0.04)
            assert ASKS in one.text and "imagenet/" in one.text
            assert questions.answers.read_text() == ""
            assert "got" not in one.text  # held
        assert "\x1b]2;● nono asks".encode() in one.raw and b"\x07" in one.raw
        one.rest(QUIET)
        one.type("d")
        assert questions.answer(one) == "d"
        one.wait("got aliced nor")
        assert one.text.startswith(before.replace("name:", f"✓ read {PATH}: all of it, this run"))
        asks(one, questions)
        one.rest(QUIET)
        one.type(b"\x1b[200~ooo\r")
        one.rest(0.1)
        one.type(b"rest of it\x1b[201~")
        assert questions.answer(one) == "n"
        one.gone(ASKS)
        one.type("end\n")
        assert one.end() == 0
        assert "and end" in one.text and "the driver is at its end" in one.text


def test_what_refuses(as_user: Account, project: Path, questions: Questions) -> None:
    with person(as_user, as_user.python, *driver(questions, "cat"), cwd=project) as one:
        for key in ("\r", "\x1b", "\x04", "\x03", "on"):
            asks(one, questions)
            one.rest(QUIET)
            one.type(key)
            assert questions.answer(one) == "n"
            one.gone(ASKS)
        one.type("still there\n")
        one.wait("still there\nstill there")
        asks(one, questions)
        one.rest(QUIET)
        one.type("\x1c")  # refuses nothing: it ends the program, as ever
        assert one.end() == 128 + 3


def test_what_is_kept_and_what_is_risky(
    as_user: Account, project: Path, questions: Questions
) -> None:
    with person(as_user, as_user.python, *driver(questions, "cat"), cwd=project) as one:
        asks(one, questions)
        one.rest(QUIET)
        one.type("?")
        one.wait("calls waiting")
        one.rest(QUIET)
        one.type("a")
        one.wait("you chose")
        one.type("\r")
        one.rest(0.4)
        assert questions.answers.read_text() == ""
        one.rest(0.3)
        one.type("\r")
        assert questions.answer(one) == "a"
        asks(one, questions, what="risky")
        one.rest(QUIET)
        assert "careful" in one.text
        one.type("d")
        one.wait("not d: D, a capital letter")
        one.rest(0.35)
        one.type("D")
        assert questions.answer(one) == "d"
        one.type("\x04")
        assert one.end() == 0


def test_hostile_names_and_sizes(as_user: Account, project: Path, questions: Questions) -> None:
    with person(as_user, as_user.python, *driver(questions, "cat"), cwd=project) as one:
        asks(one, questions, r"/d/\x1b[2J\x07\x7f\xff/" + "y" * 300 + "/end")
        assert r"\x1b[2J\x07\x7f\xff" in one.text and "end" in one.text
        one.resize(10, 50)
        one.wait("nono asks: python3")
        one.wait(lambda: one.text.count("nono asks") == 1 and len(one.text.splitlines()) <= 10)
        one.resize(30, 100)
        one.wait(lambda: ASKS in one.text and "─" * 60 in one.text)
        one.rest(QUIET)
        one.type("o")
        assert questions.answer(one) == "o"
        questions.ask("/d/" + "x" * 5000)
        assert questions.answer(one) == "-"  # too long to be shown
        one.type("\x04")
        assert one.end() == 0


def test_several_wait_and_one_is_withdrawn(
    as_user: Account, project: Path, questions: Questions
) -> None:
    with person(as_user, as_user.python, *driver(questions, "cat"), cwd=project) as one:
        asks(one, questions, "/first/one", "withdraw")
        one.wait("/first/")
        questions.ask("/second/two")
        one.wait("/second/")
        assert "~ withdrawn: read /first/one" in one.text and "asks: a new question" in one.text
        assert questions.answer(one) in ("-", "n")
        questions.answers.write_text("")
        one.rest(QUIET)
        one.type("r")  # meant for the one before, maybe
        one.rest(0.1)
        assert questions.answers.read_text() == ""
        one.rest(1.5)
        questions.answers.write_text("")
        one.type("r")
        assert questions.answer(one) == "r"
        one.type("\x04")
        assert one.end() == 0


def test_asked_elsewhere_and_brought_here(
    as_user: Account, project: Path, questions: Questions
) -> None:
    says = "printf 'name: '; read name; echo got $name"
    words = driver(questions, "sh", "-c", says)
    with person(as_user, as_user.python, *words, cwd=project, size=(24, 120)) as one:
        one.wait("name:")
        one.type("al")
        one.wait("name: al")
        questions.ask(PATH, "elsewhere")
        told = f"nono asks in nono watch (pid 7, pts/9), Control-] answers here: {PATH}"
        one.wait(told)
        assert one.text == f"{told}\nname: al" and "● nono asks".encode() in one.raw
        one.type("i")  # the program's
        one.wait("name: ali")
        one.type("\x1d")
        one.wait(ASKS)
        one.rest(QUIET)
        one.type("o")
        assert questions.answer(one) == "o"
        one.type("ce\n")
        one.wait("got alice")
        assert one.end() == 0
    assert "✓" in one.text and "^]" not in one.text


def test_a_list(as_user: Account, project: Path, questions: Questions) -> None:
    words = driver(questions, "cat", plain=True)
    with person(as_user, as_user.python, *words, cwd=project, env={"TERM": "dumb"}) as one:
        with questions.too_early(one):
            questions.ask(PATH)
            one.wait("Capital Q: ask no more")
            one.type("d\n")  # the program's
        one.wait("Letter, then Enter")
        one.type("y\n")
        one.wait("No such letter")
        one.type("a\n")
        one.wait('Type "yes"')
        one.type("no\n")
        one.wait(lambda: one.text.count("Letter, then Enter") == 3)
        for paste in ("d\nrm -rf foo\n", "d\nhalf a line", "a\nyes\n"):
            with questions.too_early(one):
                one.type(paste)
                one.wait(lambda: one.text.endswith("a paste answers nothing."))
                one.type("d\n")
            one.wait(lambda: one.text.endswith("Enter alone refuses:"))
            assert questions.answers.read_text() == "" and "Type" not in one.text.splitlines()[-1]
        with questions.too_early(one):
            one.type("a\n")
            one.wait(lambda: one.raw.count(b"It writes") == 2)
            one.type("yes\n")  # before it is asked
        one.wait(lambda: one.text.endswith("anything else goes back:"))
        one.rest(0.1)
        assert questions.answers.read_text() == ""
        one.type("nein\n")
        one.wait(lambda: one.text.endswith("Enter alone refuses:"))
        one.type("d\n")
        assert questions.answer(one) == "d"
        one.wait("nono: allowed:")
        assert b"\x1b" not in one.raw
        for keys in ("d\x03", "\x03", "\x04", "d\x04"):
            questions.ask(PATH)
            one.wait(lambda: one.text.endswith("Enter alone refuses:"))
            one.type(keys)
            assert questions.answer(one) == "n"
            one.wait(lambda: one.text.splitlines()[-1].startswith("nono: refused: read"))
        questions.ask(PATH)
        one.wait(lambda: one.text.endswith("Enter alone refuses:"))
        withdrawn = f"nono: withdrawn: read {PATH}"
        one.type("\x1c")  # the program's, as ever
        assert one.end() == 128 + 3
        assert one.text.endswith(f"refuses: ^\\\n{withdrawn}\nthe driver is at its end")


BAR = r"""
import sys, time
for percent in range(0, 101, 4):
    sys.stdout.write({line!r})
    sys.stdout.flush()
    time.sleep(0.02)
    if percent == 40:
        sys.stdin.readline()
print("\r\x1b[2K\x1b[?25hdone")
"""


@pytest.mark.parametrize(
    "line",
    [
        # as pip: rich redraws the line, and hides the cursor
        "\r\x1b[2K\x1b[?25l   \x1b[38;5;70m━━━━\x1b[0m \x1b[32m%d/100 kB\x1b[0m",
        # as npm: the cursor goes to the first column and erases what follows
        "\x1b[1G\x1b[0K⠋ reify: %d of 100",
    ],
    ids=["pip", "npm"],
)
def test_a_progress_bar(as_user: Account, project: Path, questions: Questions, line: str) -> None:
    bar = BAR.format(line=line).replace("%d'", "%d' % percent").replace("m')", "m' % percent)")
    as_user.file(project / "bar.py", bar.replace("100')", "100' % percent)"))
    words = driver(questions, "python3", "bar.py")
    with person(as_user, as_user.python, *words, cwd=project, env={"LANG": "C.UTF-8"}) as one:
        one.wait(" 40")
        asks(one, questions)
        one.rest(QUIET)
        one.type("o")
        assert questions.answer(one) == "o"
        one.wait(lambda: " 40" in one.text and ASKS not in one.text)
        one.type("\n")
        one.wait("done")
        assert one.end() == 0
        assert "✓" in one.text and "─" not in one.text


@pytest.mark.requires(landlock=6, commands=["git"])
def test_git_add_in_parts(as_user: Account, project: Path, questions: Questions) -> None:
    as_user.file(project / "text", "one\n")
    git = "git -c user.name=n -c user.email=n@n "
    made = as_user("sh", "-c", f"git init -q; {git}add text; {git}commit -qm one", cwd=project)
    assert made.returncode == 0, made.stderr
    as_user.file(project / "text", "one\ntwo\n")
    words = driver(questions, "git", "add", "-p", "text")
    with person(as_user, as_user.python, *words, cwd=project) as one:
        one.wait("Stage this hunk")
        last = one.text.splitlines()[-1]
        asks(one, questions)
        one.rest(QUIET)
        one.type("n")
        assert questions.answer(one) == "n"
        one.wait(lambda: one.text.splitlines()[-1] == last)
        one.type("y\n")
        assert one.end() == 0
    assert "text" in as_user("git", "diff", "--cached", "--name-only", cwd=project).stdout
