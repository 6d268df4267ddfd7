"""A configuration without the credentials that stand in it.

Found by names and by the form of URLs, in whatever line they stand, comments too: what merely looks
like a credential is left out as well.
"""

from __future__ import annotations

from nono.broker.compiled import pattern_of
from nono.broker.configuration.tools import Line, Tool, lines, mentions
from nono.broker.named_tuple import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    import re


_NAMES = (
    r"(?:(?:password|passwd|passphrase|token|secret|(?:api|access|private|secret)[-_]?key"
    r"|extra-?header|authorization|(?<![A-Za-z0-9])_auth)(?![A-Za-z0-9]))"
)
_FROM_VARIABLE = r"[\"']?\$\{\w{1,100}\}[\"']?\s*$"
_SECRET = (
    rf"(?i)(?P<name>{_NAMES})(?:[\"'\]\[]{{0,4}}\s{{0,20}}(?:=(?!=)|:)|[\"']\s)"
    rf"(?!\s{{0,20}}{_FROM_VARIABLE})"
)
"""npm reads `${NAME}` as a variable: that says where a credential is, and is none."""

_ELEMENT = r"(?P<name>password|passphrase|privateKey|httpHeaders)"
_XML = rf"(?s)<{_ELEMENT}\s*>.{{0,4096}}?</(?P=name)\s*>"
_XML_LEFT = rf"<{_ELEMENT}(?!\s*/)\b"
_XML_COMMENT = r"(?s)<!--.*?-->"
_IN_URL = r"(\w{0,20})(://)([^\s/?#\"'<>]+)@"
_IN_BROKEN_URL = (
    r"(\w{0,20})(://)([^\s/?#:@\[\"'<>]{0,256}:(?!\d{0,9}(?:[/?#\s\"'<>]|$))[^\s\"'<>]{0,256})@"
)
"""A password with a `/` that should have been written as `%2F`. Digits there are a port."""

_IN_PROXY = (
    r"(?i)(proxy)([\"']?\s{0,20}[=:]\s{0,20}[\"']?)([^\s/:@\"']{0,256}:(?!//)[^\s@\"']{0,256})@"
)
_WORDS = (
    *("password", "passwd", "passphrase", "token", "secret", "apikey", "api-key", "accesskey"),
    *("access-key", "privatekey", "private-key", "extraheader", "extra-header", "authorization"),
    *("-auth", "httpheaders"),
)
_VARIABLES = r"(?:\$\{\w+\}:?)+"
_PLAIN_KEY = r"[A-Za-z0-9._-]{1,40}"
_PRIVATE_KEY = "PRIVATE KEY-----"
_MAX_LEFT_OUT = 8


class Cleaned(NamedTuple):
    """`text` is None when the credentials cannot be told from the rest.

    `left_out` are the keys of what is missing, comments aside.
    """

    text: str | None
    left_out: tuple[str, ...] = ()


def holds_private_key(text: str) -> bool:
    """True for text with a private key in the form of RFC 7468."""
    return _PRIVATE_KEY in text


def without_credentials(tool: Tool, text: str) -> Cleaned:
    """The configuration with its credentials removed; the same text when there are none."""
    if holds_private_key(text):
        return Cleaned(None)
    if not _is_suspicious(tool, text):
        return Cleaned(text)
    if tool.continued == "xml":
        return _clean_xml(text)
    kept: list[str] = []
    left_out: dict[str, None] = {}
    dropping = False
    for line in lines(tool, text):
        found = _secret_key(tool, line)
        dropping = found is not None or (dropping and line.goes_on)
        cleaned = "" if dropping else _clean_urls(line.text)
        if cleaned != line.text and not line.comment:
            left_out[_shown(found or line.key)] = None
        kept.append(cleaned)
    return Cleaned("\n".join(kept), tuple(left_out)[:_MAX_LEFT_OUT])


def _is_suspicious(tool: Tool, text: str) -> bool:
    """Whether to look closer: quick, and true for all that holds a credential."""
    if mentions(text, (*_WORDS, *tool.secret)):
        return True
    return "@" in text and any(
        "@" in line and ("://" in line or "proxy" in line.lower()) for line in text.split("\n")
    )


def _clean_xml(text: str) -> Cleaned:
    elements = pattern_of(_XML)
    cleaned = _clean_urls(elements.sub("", text))
    if pattern_of(_XML_LEFT).search(cleaned):
        return Cleaned(None)
    left_out = dict.fromkeys(
        found["name"] for found in elements.finditer(pattern_of(_XML_COMMENT).sub("", text))
    )
    return Cleaned(cleaned, tuple(left_out))


def _secret_key(tool: Tool, line: Line) -> str | None:
    """The name of the credential that stands in this line."""
    if line.key and not line.comment:
        key = line.among(tool.secret) or line.key.rpartition(":")[2]
        if key in tool.secret:
            return key
    found = pattern_of(_SECRET).search(line.text)
    return None if found is None else found["name"]


def _clean_urls(text: str) -> str:
    if "@" not in text:
        return text
    text = pattern_of(_IN_URL).sub(_without_user, text)
    text = pattern_of(_IN_BROKEN_URL).sub(_without_user, text)
    return pattern_of(_IN_PROXY).sub(r"\1\2", text)


def _without_user(url: re.Match[str]) -> str:
    """The URL's beginning; a name alone is a credential but for ssh, which needs it."""
    scheme, _, user = url.groups()
    if pattern_of(_VARIABLES).fullmatch(user) or (
        scheme.lower().endswith("ssh") and ":" not in user
    ):
        return url[0]
    return f"{scheme}://"


def _shown(key: str) -> str:
    """The last name of a key that is plain, so that no text of the file's is shown else."""
    last = pattern_of(r"[/:.\s]").split(key)[-1]
    return last if pattern_of(_PLAIN_KEY).fullmatch(last) else "a URL"
