"""However carelessly a server reads a path that passed, it is one that the endpoint allows."""

import posixpath
import re
import unicodedata
from collections.abc import Callable
from urllib.parse import unquote, unquote_plus

from hypothesis import given, settings
from hypothesis import strategies as st

from nono.broker.credentials.request import Admitted
from tests.broker.credentials.asking import ask

PIECES = st.sampled_from(
    (
        *(
            "a",
            "Z",
            "9",
            ".",
            "..",
            "-",
            "_",
            "~",
            "/",
            "//",
            "%2f",
            "%2F",
            ";",
            "%3b",
            "=",
            "&",
            "+",
        ),
        *(
            "%20",
            "%2e",
            "%2E",
            "%252e",
            "%25",
            "%5c",
            "%00",
            "%0a",
            "%3f",
            "%23",
            "%c0%ae",
            "%c4%ae",
        ),
        *(
            "%ef%bc%8e",
            "%ef%bc%8f",
            "%e2%81%84",
            "%e2%80%8b",
            "%e3%80%80",
            "%c2%bd",
            "%c3%a9",
            "%e4",
        ),
        *("%b8%ad", "%41", "%61", ":", "@", ",", "!", "*", "(", "$", "%5b", "-public", "secret"),
    )
)
READINGS: list[Callable[[str], str]] = [
    unquote,
    unquote_plus,
    str.lower,
    str.casefold,
    posixpath.normpath,
    lambda path: unicodedata.normalize("NFC", path),
    lambda path: unicodedata.normalize("NFKC", path),
    lambda path: path.replace("\\", "/"),
    lambda path: path.replace("\N{FRACTION SLASH}", "/"),
    lambda path: path.partition("?")[0].partition("#")[0],
    lambda path: path.partition("\0")[0],
    lambda path: path.rstrip("/") or "/",
    lambda path: re.sub(r";[^/]*", "", path),
    lambda path: re.sub(r"//+", "/", path),
    lambda path: re.sub(r"[\0-\x1f]", "", path),
    lambda path: "/".join(part.strip(" ") for part in path.split("/")),
    lambda path: "/".join(part.rstrip(". ") for part in path.split("/")),
    lambda path: "".join(c for c in path if unicodedata.category(c) != "Cf"),
]
ALLOWED = re.compile(r"/v1/(?:files/[^/]*-public|models/[^/]+|open(?:/.*)?)", re.DOTALL | re.I)


@settings(deadline=None, max_examples=400)
@given(
    st.sampled_from(("/files/", "/models/", "/open/")),
    st.lists(PIECES, max_size=6),
    st.sampled_from(("", "-public", "x")),
    st.lists(st.sampled_from(READINGS), max_size=5),
)
def test_every_reading_is_allowed(
    before: str, pieces: list[str], after: str, readings: list[Callable[[str], str]]
) -> None:
    answer = ask("GET", before + "".join(pieces) + after)
    if isinstance(answer, Admitted):
        path = answer.target.decode()
        for reading in readings:
            path = reading(path)
            assert ALLOWED.fullmatch(path), (answer.target, path)
