"""Rights in words: the one table, from which every report takes the form that it needs."""

from __future__ import annotations

from functools import cache
from typing import Final

from nono.broker.named_tuple import NamedTuple
from nono.broker.rules.access import Access


class Words(NamedTuple):
    """`name` as in a list of rights, `verb` before an object, `deed` as a noun."""

    name: str
    verb: str
    deed: str


WORDS: Final = {
    Access.READ: Words("read", "read", "reading"),
    Access.WRITE: Words("write", "write", "writing"),
    Access.EXECUTE: Words("execute", "execute", "executing"),
    Access.CONNECT: Words("connect", "connect to", "connecting"),
    Access.CREATE: Words("create", "create files in", "creating files"),
}


@cache
def names(access: Access) -> str:
    """As in `read,execute`."""
    return ",".join(WORDS[right].name for right in access)


@cache
def verbs(access: Access) -> str:
    """As in `read and write`; empty for no right."""
    return " and ".join(WORDS[right].verb for right in access)


@cache
def deeds(access: Access) -> str:
    """As in `reading and writing`."""
    return " and ".join(WORDS[right].deed for right in access)
