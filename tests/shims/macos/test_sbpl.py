"""What cannot be written in the profile language is an error, and no other profile."""

from __future__ import annotations

import pytest

from nono.shims.macos.sbpl import MAX_RULES, Address, Allow, Literal, Named, Profile, Subpath


def test_rules_are_counted() -> None:
    """Far from where libsandbox is known to crash."""
    rule = Allow(("process-fork",))
    assert len(Profile("nono-1", (rule,) * MAX_RULES).rules) == 2000
    with pytest.raises(ValueError, match="2001 rules"):
        Profile("nono-1", (rule,) * (MAX_RULES + 1))


@pytest.mark.parametrize("tag", ["", 'a"b', "a b", "a)", "x" * 65, "\u00e9"])
def test_what_is_no_tag(tag: str) -> None:
    with pytest.raises(ValueError, match="no tag"):
        Profile(tag, ())


@pytest.mark.parametrize("path", ["", "a", "/a/", "/a//b", "/a/../b", "/./a", "/a\0", "/\ud800"])
def test_what_is_no_path(path: str) -> None:
    for kind in (Literal, Subpath):
        with pytest.raises(ValueError, match="no rule can name"):
            kind(path)


def test_what_is_no_filter() -> None:
    for host, port in (("example.org", 443), ("localhost", 0), ("*", 65536), ("*", "443")):
        with pytest.raises(ValueError, match="no filter can name"):
            Address("remote", "tcp", host, port)
    for name in ('a"b', "a\\b", "a\nb"):
        with pytest.raises(ValueError, match="cannot be written"):
            Named("global-name", name)
    with pytest.raises(ValueError, match="no operation"):
        Allow(("file-read-data) (allow default",))
