"""From patterns with wildcards to expressions: for grants exact ones, for refusals never less."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from nono.broker import Glob
from nono.broker.rules.folding import Folding
from nono.broker.rules.paths import components
from nono.shims.macos import names, wildcards
from nono.shims.macos.sbpl import Every, Filter, Regex, Subpath
from nono.shims.macos.wildcards import MANY, One, Part

_BELOW = "(/|$)"
_PLAIN_CLASS = re.compile(r"(?:[a-z](?:-[a-z])?|[A-Z](?:-[A-Z])?|[0-9](?:-[0-9])?|[._,+=@~#%])+")
_WILDCARD = re.compile(r"[*?]|\[!?\]?[^]]*\]")


def directories_of(pattern: Glob, folding: Folding) -> Iterator[Regex]:
    """Directories below which something matches that would not if they were moved elsewhere.

    Those of its fixed part are not among them. A name that matches at any depth moves along.
    """
    parts = _parts(pattern.text, exact=not folding)
    body, fixed = "", len(components(pattern.prefix))
    for number, part in enumerate(parts[:-1]):
        if part == "**":
            body += "(/[^/]+)*"
            if number:
                yield Regex(f"^{body}$")  # and whatever is deeper
                return
            continue
        body += "/" + _refused(part, exact=not folding)
        if number >= fixed:
            yield Regex(f"^{body}$")


def entry_of(directory: str) -> Filter:
    """Names directly in the directory: below it, and of one name more."""
    depth = len(components(directory)) + 1
    return Every((Subpath(directory), Regex(f"^{'/[^/]+' * depth}$")))


def expression_of(text: str, *, exact: bool, below: bool) -> Regex:
    """What the pattern matches, and for a refusal what is `below`.

    `exact` where names do not fold. Raises ValueError for a grant that cannot be said exactly.
    """
    parts = _parts(text, exact=exact)
    name = partial(_refused, exact=exact) if below else _granted
    body = "".join("(/[^/]+)*" if part == "**" else "/" + name(part) for part in parts)
    if set(parts) == {"**"}:
        body = f"(/|{body})"  # no name at all is the root
    return Regex(f"^{body}{_BELOW if below else '$'}")


def _parts(text: str, *, exact: bool) -> list[str]:
    """The names of a pattern, without the ends that do not count where names fold."""
    rooted = text if text.startswith("/") else f"/**/{text}"
    parts = rooted.removesuffix("/")[1:].split("/")
    return parts if exact else [part.rstrip(". ") or part for part in parts]


def _granted(part: str) -> str:
    if not names.is_writable(part):
        raise ValueError(f"no rule can name {part!r}")
    made, position = "", 0
    for found in _WILDCARD.finditer(part):
        made += names.exactly(part[position : found.start()]) + _exact_wildcard(found[0])
        position = found.end()
    return made + names.exactly(part[position:])


def _exact_wildcard(text: str) -> str:
    if text in "*?":
        return names.ANY + "*" if text == "*" else names.ANY
    inner = text[1:-1]
    negated = inner.startswith("!")
    inner = inner.removeprefix("!")
    if not _PLAIN_CLASS.fullmatch(inner):
        raise ValueError(f"the class {text} cannot be written for macOS")
    return f"[^{inner}/]" if negated else f"[{inner}]"


def _refused(part: str, *, exact: bool) -> str:
    made, position = list[Part](), 0
    spell = str if exact else names.letters
    for found in _WILDCARD.finditer(part):
        made += [*spell(part[position : found.start()]), _wildcard(found[0])]
        position = found.end()
    made += spell(part[position:])
    if not exact:
        return wildcards.matching(made) + names.ENDING
    return "".join(
        names.exactly(each) if isinstance(each, str) else wildcards.standing_for(each)
        for each in made
    )


def _wildcard(text: str) -> One | None:
    """What cannot be written as a class is any character."""
    if text == "*":
        return MANY
    inner = text[1:-1].removeprefix("!")
    return One(inner, text[1:2] == "!") if _PLAIN_CLASS.fullmatch(inner) else One()
