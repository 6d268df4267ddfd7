"""Many patterns at once find what each finds alone."""

from hypothesis import given
from hypothesis import strategies as st

from nono.broker.rules import begun
from nono.broker.rules.begun import Begun
from nono.broker.rules.folding import EXACT, Folding
from nono.broker.rules.patterns import Glob

NAMES = st.sampled_from(["a", "A", "b", ".env", "a~1", "proc", "*", "?", "a*", "**", "[ab]"])
PLAIN = st.sampled_from(["a", "A", "b", "c", ".env", "a~1", "proc"])
GLOBS = st.lists(st.lists(NAMES, min_size=1, max_size=4), max_size=6)
PATHS = st.lists(st.lists(PLAIN, max_size=5).map(lambda names: "/" + "/".join(names)), max_size=8)


def made(globs: list[list[str]]) -> list[Glob]:
    return [Glob("/" + "/".join(names)) for names in globs]


@given(GLOBS, PATHS)
def test_it_finds_what_covers_finds(globs: list[list[str]], paths: list[str]) -> None:
    patterns = made(globs)
    together = Begun(patterns)
    for path in paths:
        expected = [number for number, each in enumerate(patterns) if each.covers(path)]
        assert list(together.speaking(path)) == expected, path


@given(GLOBS, PATHS, st.sampled_from(["/", "/a", "/a/b", "/proc"]))
def test_where_names_fold_it_finds_no_less(
    globs: list[list[str]], paths: list[str], tree: str
) -> None:
    patterns, folding = made(globs), Folding([tree])
    together = Begun(patterns, folding)
    for path in paths:
        found = set(together.speaking(path))
        for number, each in enumerate(patterns):
            if each.covers(path) or each.matches(path) or folding.covers(each, path):
                assert number in found, path


def test_a_long_path_and_many_directories_are_bounded() -> None:
    together = Begun(made([["a", "b*"], ["**", ".env"]]), EXACT)
    deep = "/a" * 2047
    assert list(together.speaking(f"{deep}/.env")) == [1]
    for number in range(begun._MAX_REMEMBERED):
        assert together.speaking(f"/{number}/x") == ()
    assert len(together._known) <= begun._MAX_REMEMBERED + 2048
    assert list(together.speaking("/a/b1")) == [0]
