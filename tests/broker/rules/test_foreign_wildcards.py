"""What is a wildcard elsewhere is refused with what to write; what is one here stays."""

from __future__ import annotations

import pytest

from nono.broker import PolicyError
from nono.broker.profile.checks import check_denied_path, check_path
from nono.broker.rules.patterns import check_wildcards, plain

FOREIGN = {
    "**/{a,b}.key": "'**/a.key', '**/b.key'",
    "{a,b,c,d}/*": "'a/*', 'b/*', 'c/*', ...",
    "**/x{,.bak}": "'**/x', '**/x.bak'",
    "*.{a,{b,c}}": "'*.{a,b}', '*.{a,c}'",
    "**/[^a].key": "'**/[!a].key'",
    "[!x]*/[^]*": "'[!x]*/[!]*'",
    "**/x[[:digit:]]": "[0-9]",
    "**/[a[:space:]]*": "[0-9]",
    r"**/\*.key": "[*]",
    r"**/\{a}*": "[{]",
}
OWN = [
    "**/[!a].key",
    "**/[]^a]*",
    "**/[[]^a]*",
    "**/[{]a,b}*",
    "**/{a}/*",
    "**/a,b}{*",
    "**/{*",
    r"**/dev-x2d\x2d*",
    "**/[\\*]",
    "**/[ab",
    "${HOME}/*,x",
]


@pytest.mark.parametrize("text", FOREIGN)
def test_it_is_refused_with_what_is_meant(text: str) -> None:
    for check in (check_wildcards, check_denied_path):
        if check is check_wildcards or "*" in text:
            with pytest.raises(PolicyError) as caught:
                check(text)
            assert FOREIGN[text] in caught.value.hint, check


@pytest.mark.parametrize("text", OWN)
def test_what_means_what_it_says_is_none(text: str) -> None:
    check_wildcards(text)


@pytest.mark.parametrize("name", ["[^a]", "[[:x:]]", "a*[", "[!a]", "[^", "?[:]*"])
def test_what_is_made_plain_is_none(name: str) -> None:
    check_wildcards(plain(f"/{name}/") + "*.py")


def test_a_profile_may_name_what_is_called_so() -> None:
    assert check_path("~/{a,b}") == "~/{a,b}"
    assert check_denied_path("~/{a,b}") == "~/{a,b}"
