"""What in a request asks for another method or path than the request line has.

Frameworks take one from a header or a parameter, and each reads more spellings of its name than
one: CGI and WSGI make `_` of `-`, PHP makes `_` of dots, spaces and lone brackets, and proxies
decode a query before the server does. So names are compared by their letters and digits alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

_MAX_ROUNDS = 4
_OTHERS = re.compile(r"[^a-z0-9]+")
_BETWEEN = re.compile(r"[&;?#\0\r\n]")
_GROUPS = re.compile(r"[\[\]]")

# Rails, Laravel, Symfony, Spring and Express (`_method`), OData and SharePoint (`X-HTTP-Method`),
# Google (`$httpMethod`), Struts (`method:name`).
_METHODS = ("httpmethod", "methodoverride", "overridemethod", "requestmethod", "httpverb")
_METHOD = "method"
_METHOD_WORDS = frozenset((_METHOD, "methods", "override", "verb"))
_NO_METHOD = frozenset(("x-stainless-helper-method", "access-control-request-method"))
"""Headers of clients' libraries and browsers, that tell about a method and ask for none."""

# IIS, Symfony and Zend, Envoy, Azure, Traefik, Spring, nginx; WebDAV and copies between objects.
_PATHS = (
    *("originalur", "originalpath", "originalrequest", "rewriteur", "rewritepath", "unencodedur"),
    *("forwardedpath", "forwardedprefix", "forwardedur", "requestur", "requestpath", "pathinfo"),
    *("scriptname", "accelredirect", "sendfile", "copysource", "proxyur", "realur"),
)
_EXACT_PATHS = frozenset(("destination", "xpath", "xurl", "xuri", "url", "uri", "xdestination"))
# WordPress, Symfony, Yii.
_ROUTES = ("restroute", "scriptname", "pathinfo", "originalur", "rewriteur")
_STRUTS = ("method:", "action:", "redirect:", "redirectaction:")
_VERBS = frozenset(
    (
        *("get", "head", "post", "put", "patch", "delete", "options", "trace", "connect", "query"),
        *("copy", "move", "lock", "unlock", "link", "unlink", "purge", "merge", "search", "report"),
        *("mkcol", "propfind", "proppatch", "checkout"),
    )
)


def header_asks(names: Iterable[bytes]) -> str:
    """The first header that asks for another method or path; empty when none does."""
    for name in names:
        text = name.decode("ascii", "replace").lower()
        words = _OTHERS.split(text)
        letters = "".join(words)
        is_method = any(each in letters for each in _METHODS) or _METHOD_WORDS & {*words}
        is_path = any(each in letters for each in _PATHS) or letters in _EXACT_PATHS
        if (is_method or is_path) and text not in _NO_METHOD:
            return text
    return ""


def parameter_asks(query: str) -> str:
    """The first parameter that does, however often it is encoded; empty when none does."""
    text = query.replace("+", " ")
    for _ in range(_MAX_ROUNDS):
        text = unicodedata.normalize("NFKC", text)
        for parameter in _BETWEEN.split(text):
            name, _, value = parameter.partition("=")
            # What proxies decode first may hold the separators.
            name = unquote(name)
            if _asks(name.strip(), unquote(value)):
                return name
        text = unquote(text)
    return ""


def _asks(name: str, value: str) -> bool:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return folded.startswith(_STRUTS) or any(_is_asking(part, value) for part in _parts(folded))


def _parts(name: str) -> Iterator[str]:
    """The name, and what of it stands in brackets or before them."""
    yield name
    yield from _GROUPS.split(name)


def _is_asking(name: str, value: str) -> bool:
    letters = _OTHERS.sub("", name)
    if letters == _METHOD:
        # An API of its own kind has a parameter `method` that is no method of HTTP.
        return name != _METHOD or _OTHERS.sub("", value.casefold()) in _VERBS
    return any(each in letters for each in (*_METHODS, *_ROUTES))
