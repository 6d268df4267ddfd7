"""A refusal by wildcards where names fold: never less than the policy refuses, and seldom more."""

from __future__ import annotations

import re
import unicodedata
from itertools import product
from typing import Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nono.broker import Access, Allow, Effect, Glob, Open, Policy
from nono.broker.rules.folding import Folding
from nono.supervisor.macos.expressions import expression_of
from nono.supervisor.macos.profile import profile_of
from tests.broker.worlds import CALLER, allow, rule
from tests.seatbelt.evaluator import READINGS, Asked, parse

_FOLDING = Folding(("/",))
_LETTERS = (
    *("a", "e", "E", "i", "k", "s", "S", "f", "t", "ss", "st", "ffi", ".", ".", "-", "1", ";"),
    *("\u00df", "\u1e9e", "\ufb06", "\ufb01", "\ufb03", "\u017f", "\u212a", "\u0131", "\u00e9"),
    *("e\u0301", "\u1ebf", "\u1e69", "\u0149", "\u0390", "\u01d6", "\u03b1", "\u03b9", "\u1fb4"),
    *("\u0587", "\uac01", "\uac00", "\u65e5"),
)
_JOINED = {"ffi": "\ufb03", "fi": "\ufb01", "ff": "\ufb00", "st": "\ufb06", "ss": "\u00df"}
_CASES = (str.upper, str.lower, str.swapcase, str.casefold, lambda text: text)
_FORMS: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")
_PART = re.compile(r"\[[^]]*\]|.", re.DOTALL)


@pytest.mark.parametrize(
    ("pattern", "refused", "others"),
    [
        (".env.*", (".env.local", ".ENV.x", ".env.", ".Env.\u00e9"), (".envrc", ".env", ".envx.a")),
        ("e*", ("e", "\u00c9x", "e\u0301", "\u1ebf"), ("\u00f6", "xe")),
        ("e?", ("ex", "e\u65e5", "\u00e9", "E\u0301"), ("e", "exy", "e.env")),
        ("s*", ("s", "\u00df", "\ufb06x", "\u017f"), ("t", "xs")),
        ("*s", ("xs", "\u00df", "\ufb03s"), ("\ufb06", "sx")),
        ("f*i", ("fi", "\ufb01", "\ufb03", "FxI"), ("\ufb00", "if")),
        ("f*f*", ("\ufb00", "\ufb03", "ff"), ("f", "\ufb01")),
        ("???.pem", ("abc.pem", "\u0390.pem"), ("ab.pem", "abcd.pem")),
        ("id_[a-z]*", ("id_x", "ID_X1", "id_\u00e9"), ("id_1", "id_", "id-x")),
        ("key[0-9][0-9]", ("key12", "KEY00"), ("key1", "keyx1", "key\u00e9\u00e9", "ke\u00fd1")),
        ("[s]x", ("sx", "SX", "\u017fx"), ("xx", "\u00df")),
        ("[!a]x", ("bx", "\u65e5x"), ("ax", "bbx")),
        ("*.", ("x.", "x"), ()),
        ("\uac00*", ("\uac00", "\uac01", "\u1100\u1161\u11a8"), ("\u1100",)),
        ("\u1100*", ("\uac00", "\uac01"), ("a",)),
    ],
)
def test_what_it_refuses(pattern: str, refused: tuple[str, ...], others: tuple[str, ...]) -> None:
    policy = Policy((allow("/w"), rule(Glob(f"**/{pattern}"), effect=Effect.DENY)), folding=("/",))
    profile = profile_of(policy, "nono-1")
    rules = parse(profile.text(), profile.parameters())
    for name, form in product((*refused, *others), _FORMS):
        path = f"/w/{unicodedata.normalize(form, name)}"
        answers = {read(rules, Asked("file-read-data", path)) for read in READINGS.values()}
        assert answers == {name in others}, path
        assert isinstance(policy.decide(Open(CALLER, path, Access.READ)), Allow) is (name in others)


@st.composite
def _pairs(draw: st.DrawFn) -> tuple[str, str]:
    """A pattern, and a name of what it stands for: in other cases, forms and ligatures."""
    letter = st.sampled_from(_LETTERS)
    wild = st.sampled_from(("*", "*", "*", "?", "[a-f]", "[0-9]", "[st]", "[!a]"))
    pattern = "".join(draw(st.lists(letter | wild, min_size=1, max_size=5)))
    name = ""
    for part in _PART.findall(pattern):
        most = {"*": 2}.get(part, 1)
        if part in "*?" or len(part) > 1:
            name += "".join(draw(st.lists(letter, min_size=min(most % 2, 1), max_size=most)))
        else:
            name += draw(st.sampled_from(_CASES))(part)
    cut = draw(st.integers(0, len(name)))
    first, second = draw(st.tuples(*[st.sampled_from(["NFC", "NFD"])] * 2))
    name = unicodedata.normalize(first, name[:cut]) + unicodedata.normalize(second, name[cut:])
    if draw(st.booleans()):
        for letters, one in _JOINED.items():
            name = name.replace(letters, one)
    return pattern.replace("**", "*"), name


@settings(max_examples=300)
@given(_pairs())
@example((".env.*", ".envrc"))
def test_it_refuses_what_the_policy_does(pair: tuple[str, str]) -> None:
    pattern, name = pair
    if {pattern, name} & {".", "..", ""}:
        return
    glob, path = Glob(f"/w/{pattern}"), f"/w/{name}"
    expression = expression_of(glob.text, exact=False, below=True).text
    found = re.search(expression.encode(), path.encode(), re.DOTALL) is not None
    refused = glob.covers(path) or _FOLDING.covers(glob, path)
    if refused or not set("?[") & set(pattern):
        assert found is refused
