"""The library speaks of Python: `.read("/x")` and `allow_cwd`, and not of the command line's flags.

A flag with its value is the method that says the same, a flag alone the name of its option. Which
those are, `broker.explaining.in_python` knows from the one table.
"""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterable, Iterator

from nono.broker.errors import NonoError
from nono.broker.explaining.in_python import call, chain, key_of, quoted
from nono.broker.visible import visible

_FLAG = re.compile(
    r"(?P<flag>--[a-z][a-z-]*[a-z])\b"
    # A value, and not the next word of a sentence: a path, a host, a port, a size, or in quotes.
    r"(?: (?P<value>'[^']*'|[~/$*.][^\s,;:'\"]*|[\w.*-]+[.:/=@][^\s,;'\"]*[\w/*]|\d[\w.-]*))?"
)
_OTHERS = frozenset({"best_effort", "floor_only", "audit", "workdir", "profile"})
_SETTING = re.compile(r"(?P<flag>--[a-z][a-z-]*[a-z]) (?P<value>.+?)(?=: )")
_PROFILE = re.compile(r"nono run --profile (?P<name>'[^']*'|[^\s']+)(?: -- .*)?")
_RUN = "nono run ..."


def python_words(text: str, origins: Iterable[str] = ()) -> str:
    """The text, with what is to be said to nono as Python spells it.

    `origins` are flags with their values, as they are, which the text may name as such.
    """
    if (whole := _as_calls(text)) is not None:
        return whole
    for origin in sorted(origins, key=len, reverse=True):
        text = text.replace(f"flag {visible(origin)}", _origin(origin))
    text = _SETTING.sub(_spelled, text, count=1) if _SETTING.match(text) else text
    text = _PROFILE.sub(_of_profile, text).replace(_RUN, "python3 ...")
    return _FLAG.sub(_spelled, text)


def _as_calls(text: str) -> str | None:
    """The calls, where all of it is flags and their values."""
    if not text.startswith("--") or key_of(text.partition(" ")[0]) is None:
        return None
    try:
        return chain(shlex.split(text)) or None
    except ValueError:
        return None


def _origin(said: str) -> str:
    flag, _, value = said.partition(" ")
    key = key_of(flag)
    if key is None:
        return f"flag {visible(said)}"
    return visible(call(key, value)) if value else key.option


def _of_profile(found: re.Match[str]) -> str:
    return f"nono.Policy.of({_plain(found['name'])!r})"


def _spelled(found: re.Match[str]) -> str:
    key, value = key_of(found["flag"]), found["value"]
    name = found["flag"][2:].replace("-", "_")
    if key is not None and value is not None and key.stands_for is None:
        return call(key, _plain(value))
    if name == "workdir" and value is not None:  # it is no setting of a profile's
        return f".workdir({quoted(_plain(value))})"
    after = "" if value is None else f" {value}"
    return name + after if key is not None or name in _OTHERS else found[0]


def _plain(word: str) -> str:
    """Without the shell's quotes, where these are all it takes."""
    return word[1:-1] if word.startswith("'") else word


@contextlib.contextmanager
def in_python() -> Iterator[None]:
    """Every NonoError that leaves the block speaks so."""
    try:
        yield
    except NonoError as error:
        speak_python(error)
        raise


def speak_python(error: NonoError) -> None:
    """From now on."""
    error.message = python_words(error.message)
    error.advise(python_words(error.hint))
    error.args = (error.message, *error.args[1:])
