"""The words behind the first one are noted as read when anything of them is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from nono.supervisor.session.noted_words import NotedWords

WORDS = ("program", "-v", "file")
UNREAD: list[Callable[[Sequence[str]], object]] = [bool, lambda words: words[0]]
UNREAD += [lambda words: words[1:]]
READ: list[Callable[[Sequence[str]], object]] = [
    *(len, list, tuple, sorted, lambda words: [*words]),
    *(lambda words: words[1], lambda words: words[-1], lambda words: words[:1]),
    *(
        lambda words: "file" in words,
        lambda words: words.index("-v"),
        lambda words: [*reversed(words)],
    ),
    *(lambda words: words[1:][0], lambda words: bool(words[1:]), lambda words: [*words[1:]]),
    *(lambda words: words[1:][1:], lambda words: words.count("file")),
]


@pytest.mark.parametrize("use", UNREAD)
def test_the_first_alone(use: Callable[[Sequence[str]], object]) -> None:
    words = NotedWords(WORDS)
    use(words)
    assert not words.are_read


@pytest.mark.parametrize("use", READ)
def test_more(use: Callable[[Sequence[str]], object]) -> None:
    words = NotedWords(WORDS)
    found = use(words)
    assert words.are_read
    assert found == use(WORDS) or isinstance(found, NotedWords)


def test_behind_it_they_are_as_they_were() -> None:
    assert [*NotedWords(WORDS)[1:]] == [*WORDS[1:]]
    assert not NotedWords(())
