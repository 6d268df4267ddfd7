"""The data about caches: each variable has a reason, and a plain place below the directory."""

from __future__ import annotations

import re

from nono.broker.caches import caches, files, made, moved_places, real_places, search, variables
from nono.broker.policy.environment import looks_secret

DIRECTORY = "/home/a/.cache/nono/caches/agent"
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._-]*(/[A-Za-z0-9.][A-Za-z0-9._-]*)*")


def test_every_entry_is_whole() -> None:
    for name, each in caches().items():
        assert name == each.variable and each.why, name
        assert bool(each.place) != bool(each.text), name
        assert not each.place or PLAIN.fullmatch(each.place), name
        assert ".." not in each.place.split("/"), name
        assert all(real.startswith(("~/", "$XDG_")) for real in each.real), name
        assert not looks_secret(name), name
    for place in (
        *made(),
        *files(),
        *(path.removeprefix(f"{DIRECTORY}/") for path in search(DIRECTORY)),
    ):
        assert PLAIN.fullmatch(place)
    assert all(why for why in real_places().values())
    assert "$XDG_CACHE_HOME" not in real_places()


def test_what_a_sandbox_with_its_own_does_without() -> None:
    moved = moved_places()
    assert {"~/.npm", "$XDG_CACHE_HOME/pip", "$XDG_CACHE_HOME/bazel", "~/.cargo"} <= set(moved)
    assert not {"~/.local/bin", "~/go/bin", "~/.nvm", "$XDG_CACHE_HOME"} & set(moved)
    assert all(path.startswith(("~/", "$XDG_")) for path in moved)


def test_programs_are_looked_for_where_tools_install_them() -> None:
    given = variables(DIRECTORY, {}, lambda path: False)
    places = set(search(DIRECTORY))
    assert {given[f"{name}"] for name in ("UV_TOOL_BIN_DIR", "PIPX_BIN_DIR", "GOBIN")} <= places
    assert f"{given['npm_config_prefix']}/bin" in places
    assert f"{given['CARGO_HOME']}/bin" in places


def test_what_path_cannot_name_is_not_looked_through() -> None:
    """Half of such a name would be a directory of somebody else's, or of the project."""
    assert search("/home/a:b/.cache/nono/caches/agent") == ()


def test_a_variable_that_is_open_is_left_out() -> None:
    given = {"UV_CACHE_DIR": "/open/uv", "PIP_CACHE_DIR": "relative", "GOPATH": ""}
    found = variables(DIRECTORY, given, lambda path: path.startswith("/open") or path == "")
    assert "UV_CACHE_DIR" not in found
    assert found["PIP_CACHE_DIR"] == f"{DIRECTORY}/cache/pip"
    assert found["GOPATH"] == f"{DIRECTORY}/go"


def test_an_option_comes_after_the_person_s_own() -> None:
    given = {"MAVEN_OPTS": "-Xmx1g -Dmaven.repo.local=/a -Dmaven.repo.local=/b"}
    asked: list[str] = []

    def is_open(path: str) -> bool:
        asked.append(path)
        return False

    found = variables(DIRECTORY, given, is_open)
    assert asked == ["/b"], "the last one counts"
    assert found["MAVEN_OPTS"].startswith(given["MAVEN_OPTS"])
    assert found["MAVEN_OPTS"].endswith(f" -Dmaven.repo.local={DIRECTORY}/maven/repository")
