"""The narrow form of a request that every server reads in the same way.

Where a service is open for some requests only, nothing else passes. So it is not a list of tricks:
what is not known to be harmless is refused, and the answer says what it was.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")

# Of RFC 3986's characters of a path all but `;`, behind which some servers cut.
_PATH = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,:=@-]|%[0-9A-Fa-f]{2})*")
_ENCODED_IN_PATH = frozenset(" !$&'()*+,-./:=@[]_~")
# Nobody writes letters and digits so.
_NEEDLESS = re.compile(r"%(?:3[0-9]|[46][1-9A-Fa-f]|[57][0-9Aa])")
# What WHATWG's and RFC 3986's forms of a query have, but for `;` and `?`, which some split at.
_QUERY = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,:=@/|{}\[\]-]|%[0-9A-Fa-f]{2})*")
_NAME = re.compile(r"[A-Za-z0-9_.$~@!*,:/-]+(?:\[[A-Za-z0-9_.$~@:-]*\])*")
_LINES = frozenset("\t\n\r")
_MAX_ROUNDS = 4


def path_fault(path: str) -> str:
    """What in a path is not in the narrow form, in words; empty when all is."""
    for part in path.split("/"):
        fault = piece_fault(part) or ends_fault(part)
        if fault:
            return fault
    return needless_fault(path)


def needless_fault(path: str) -> str:
    """The first letter or digit that is written as an escape."""
    needless = _NEEDLESS.search(path)
    if needless is None:
        return ""
    return f"{needless[0]} in the path, where {chr(int(needless[0][1:], 16))!r} is meant"


def piece_fault(piece: str) -> str:
    """The same of a piece of a part: whatever a server makes of it, it remains one piece.

    Encoded slashes are left to the rules.
    """
    known = _PATH.match(piece)
    end = 0 if known is None else known.end()
    if end < len(piece):
        return f"{piece[end]!r} in the path, which servers read in different ways"
    for escape in ESCAPE.finditer(piece):
        code = int(escape[1], 16)
        if code < 0x80 and chr(code) not in _ENCODED_IN_PATH:
            return f"{escape[0]} in the path, which servers read in different ways"
    for char in _text(piece):
        if not char.isascii() and not _is_letter(char):
            return f"U+{ord(char):04X} in the path, which some servers take for another character"
    return ""


def ends_fault(part: str) -> str:
    """Some servers leave out spaces around the parts of a path, and dots behind them.

    To some of them a plus sign is a space.
    """
    for each in _text(part).split("/"):
        if each != each.strip() or each.endswith(".") or (each and not each.strip("+")):
            return "a part of the path that begins or ends with a space, or ends with a dot"
    return ""


def query_fault(query: str) -> str:
    """What in a query is not in the narrow form, in words; empty when all is."""
    known = _QUERY.match(query)
    end = 0 if known is None else known.end()
    if end < len(query):
        return f"{query[end]!r} in the query, which servers read in different ways"
    for parameter in filter(None, query.split("&")):
        try:
            name, value = (
                unquote(part.replace("+", " "), errors="strict")
                for part in (*parameter.split("=", 1), "")[:2]
            )
        except UnicodeDecodeError:
            return "a query that is not in UTF-8"
        if not _NAME.fullmatch(name):
            return f"the parameter {name[:40]!r}, whose name servers read in different ways"
        if any(unicodedata.category(char) == "Cc" and char not in _LINES for char in value):
            return "a control character in the query"
    return "" if _is_decoded_soon(query) else "a query that is encoded again and again"


def _is_decoded_soon(text: str) -> bool:
    for _ in range(_MAX_ROUNDS):
        decoded = unquote(text)
        if decoded == text:
            return True
        text = decoded
    return False


def _text(piece: str) -> str:
    return unquote(piece, errors="replace")


def _is_letter(char: str) -> bool:
    """Whether it is a letter, a mark or a number, and stays that in its compatible form."""
    return all(
        unicodedata.category(each)[0] in "LMN" for each in unicodedata.normalize("NFKC", char)
    )
