"""What configurations name, and what is left of them without their credentials."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.broker.configuration.tools import named, tools, variables
from nono.broker.configuration.without_credentials import without_credentials

SECRET = "hunter2-5d2c81"

PIP = f"""[global]
index-url = https://user:{SECRET}@pypi.example/simple
extra-index-url =
    https://{SECRET}@other.example/simple
    file:///srv/simple
# old = https://user:{SECRET}@old.example/
constraint = /etc/constraints.txt
    /etc/more.txt
find_links: /opt/wheels
client-cert = /etc/{SECRET}.pem
[install]
cert = /etc/ca.pem
"""
NPM = f"""cafile=/etc/ca.pem
//registry.example/:_authToken={SECRET}
_auth = {SECRET}
_password="{SECRET}"
//other.example/:_authToken=${{NPM_TOKEN}}
registry=https://registry.example/@scope
https-proxy=user:{SECRET}@proxy.example:3128
key="{SECRET}"
always-auth=true
"""
GIT = f"""[core]
\texcludesFile = /etc/ignore ; said
[http] sslCAInfo = "/etc/ca.pem"
[http "https://[::1]/"]
\textraHeader = Authorization: \\
 {SECRET}
\tsslCAPath = /etc/certs
[url "https://user:{SECRET}@git.example/"]
\tinsteadOf = https://git.example/
[url "ssh://git@git.example/"]
\tinsteadOf = https://git.example/
[includeIf "gitdir:/srv/"]
\tpath = more
"""
UV = f"""find-links = ["/opt/wheels", "/opt/more"]
[[index]]
url = "https://user:{SECRET}@pypi.example/simple"
[pip]
extra-index-url = [
    "https://user:{SECRET}@other.example/simple",
    "file:///srv/simple",
]
"""
YARN = f"""cafile "/etc/ca.pem"
"//registry.example/:_authToken" "{SECRET}"
registry "https://registry.example/"
"""
WGET = f"ca_certificate = /etc/ca.pem\nhttp_password = {SECRET}\nheader = Authorization: {SECRET}\n"
GEM = f"""---
:sources:
- https://user:{SECRET}@gems.example/
:ssl_ca_cert: /etc/ca.pem
:rubygems_api_key: {SECRET}
"""
MAVEN = f"""<settings><servers><server><id>x</id><username>u</username>
<password>{SECRET}</password><passphrase>
{SECRET}</passphrase></server></servers></settings>"""
REQUIREMENTS = f"""-c other.txt
--requirement=/etc/more.txt
six @ https://user:{SECRET}@files.example/six.whl
token==1.0
"""

ALL = {
    "pip": PIP,
    "npm": NPM,
    "git": GIT,
    "uv": UV,
    "yarn": YARN,
    "wget": WGET,
    "gem": GEM,
    "maven": MAVEN,
    "requirements": REQUIREMENTS,
    "go": f"GOPROXY=https://user:{SECRET}@proxy.example,direct\nGOSUMDB=off\n",
}


@pytest.mark.parametrize("name", ALL)
def test_credentials_are_left_out(name: str) -> None:
    tool = tools()[name]
    cleaned = without_credentials(tool, ALL[name])
    assert cleaned.text is not None and cleaned.left_out
    assert SECRET not in cleaned.text and SECRET not in str(cleaned.left_out)
    again = without_credentials(tool, cleaned.text)
    assert (again.text, again.left_out) == (cleaned.text, ())
    assert cleaned.text.count("\n") >= ALL[name].count("\n") - (name == "maven")


def test_what_remains_is_what_else_was_there() -> None:
    cleaned = without_credentials(tools()["npm"], NPM)
    assert cleaned.text is not None
    assert [line for line in cleaned.text.splitlines() if line] == [
        "cafile=/etc/ca.pem",
        "//other.example/:_authToken=${NPM_TOKEN}",
        "registry=https://registry.example/@scope",
        "https-proxy=proxy.example:3128",
        "always-auth=true",
    ]
    git = without_credentials(tools()["git"], GIT).text
    assert git is not None and '[url "ssh://git@git.example/"]' in git
    assert '[url "https://git.example/"]' in git
    requirements = without_credentials(tools()["requirements"], REQUIREMENTS).text
    assert requirements is not None and "token==1.0" in requirements


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[global]\nindex-url = https://pypi.example:8080/@scope/simple\n",
        "registry=https://registry.example/\nsave-exact=true\n",
        "[user]\n\tname = A\n\temail = a@example.org\n",
        '[url "git@git.example:"]\n\tinsteadOf = https://git.example/\n',
        "six @ git+https://git.example/six@v1.0\n",
    ],
)
def test_without_credentials_nothing_is_changed(text: str) -> None:
    for tool in tools().values():
        assert without_credentials(tool, text).text == text


@pytest.mark.parametrize(
    ("url", "left"),
    [
        ("https://a:b@c/d", "https://c/d"),
        ("https://a:b@b@c/d", "https://c/d"),
        ("https://a:b/b@c/d", "https://c/d"),
        ("git+https://token@c/d@v1", "git+https://c/d@v1"),
        ("ssh://git@c/d", "ssh://git@c/d"),
        ("ssh://git:pass@c/d", "ssh://c/d"),
        ("https://c:80/@d", "https://c:80/@d"),
        ("https://${A}:${B}@c/", "https://${A}:${B}@c/"),
    ],
)
def test_urls(url: str, left: str) -> None:
    assert without_credentials(tools()["pip"], f"[a]\nindex-url = {url}").text == (
        f"[a]\nindex-url = {left}"
    )


def test_what_cannot_be_cleaned_is_not_given() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\n"
    for tool in tools().values():
        assert without_credentials(tool, key).text is None
    assert without_credentials(tools()["maven"], f"<password>{SECRET}").text is None


def names(tool: str) -> list[tuple[str, str, str]]:
    return [(each.key, each.kind, each.path) for each in named(tools()[tool], ALL[tool])]


def test_what_is_named() -> None:
    found = {(key, path) for key, _, path in names("pip")}
    assert found >= {
        ("extra-index-url", "file:///srv/simple"),
        ("constraint", "/etc/constraints.txt"),
        ("constraint", "/etc/more.txt"),
        ("find-links", "/opt/wheels"),
        ("cert", "/etc/ca.pem"),
    }
    assert "client-cert" not in {key for key, _ in found}
    assert names("npm") == [("cafile", "certificate", "/etc/ca.pem")]
    assert names("yarn") == [("cafile", "certificate", "/etc/ca.pem")]
    assert names("wget") == [("ca-certificate", "certificate", "/etc/ca.pem")]
    assert names("gem") == [("ssl-ca-cert", "certificate", "/etc/ca.pem")]
    assert ("sslcainfo", "certificate", "/etc/ca.pem") in names("git")
    assert ("excludesfile", "file", "/etc/ignore") in names("git")
    assert ("path", "configuration", "more") in names("git")
    assert {path for _, kind, path in names("uv") if kind == "directory"} >= {
        "/opt/wheels",
        "/opt/more",
        "file:///srv/simple",
    }
    assert [path for _, _, path in names("requirements")] == ["other.txt", "/etc/more.txt"]


def test_the_table_is_consistent() -> None:
    kinds = {"certificate", "file", "directory", "requirements", "configuration"}
    for tool in tools().values():
        assert set(tool.names.values()) <= kinds
        assert not tool.secret & tool.names.keys()
        assert all(place.startswith(("/", "$XDG_CONFIG_DIRS/")) for place in tool.places)
        assert tool.continued in ("", "indent", "backslash", "xml")
    assert set(variables().values()) <= kinds | tools().keys()
    assert "_" not in "".join(key for tool in tools().values() for key in tool.names)


PIECES = (
    *("[", "]", "[http", "=", ":", "\n", "\n ", " ", "\\\n", '"', "'", "#", ";", "<password>"),
    *("cert", "constraint", "://", "https://", "_authToken", "/etc/x", "\0", "\ud800", "é", "-c"),
    *("</password>", "${A}", "proxy", "index-url", "password", "key", "@"),
)
pieces = st.sampled_from(PIECES)


@given(st.lists(pieces, max_size=60).map("".join) | st.text(max_size=200))
def test_no_text_harms(text: str) -> None:
    for tool in tools().values():
        cleaned = without_credentials(tool, text)
        if cleaned.text is not None:
            assert len(cleaned.text) <= len(text)
            assert len(cleaned.left_out) <= 8
        for each in named(tool, text):
            assert each.path and each.kind in tool.names.values()


@given(
    st.sampled_from(["_authToken", "//h/:_authToken", "password", "http_password", "api-key"]),
    st.sampled_from(["=", " = ", ":", " : "]),
    st.lists(pieces.filter(lambda piece: "\n" not in piece), max_size=6).map("".join),
)
def test_a_named_secret_never_stays(key: str, delimiter: str, before: str) -> None:
    text = f"a = b\n{before} {key}{delimiter}{SECRET}\nc = d"
    for tool in tools().values():
        cleaned = without_credentials(tool, text).text
        if tool.continued != "xml":
            assert cleaned is None or SECRET not in cleaned


LONG = ("a://b:c", "<password>", "[", "proxy", "proxy=:", "a", "password", " ", "\n", "a://", "]")


@pytest.mark.lots(kind="text")
@pytest.mark.long
@pytest.mark.parametrize("piece", LONG)
@pytest.mark.parametrize("around", [("", ""), ("", "://@"), ('["', '@"')])
def test_no_text_takes_long(piece: str, around: tuple[str, str]) -> None:
    text = around[0] + piece * (65000 // len(piece)) + around[1]
    before = time.process_time()
    for tool in tools().values():
        without_credentials(tool, text)
        named(tool, text)
    assert time.process_time() - before < 5
