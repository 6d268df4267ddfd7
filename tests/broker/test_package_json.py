"""What package.json has tools run: what is no version of a registry's may be a directory."""

from __future__ import annotations

import json

import pytest

from nono.broker.package_json import running_part

VERSIONS = ("1.2.3", "^1", "~1.2", ">=1 <2 || 3.x", "*", "", "latest", "1.0.0-rc.1+b", " = 1")
PLACES = (
    *("./x", "../x", ".x", "..", ".", "~/x", "~x/y", "/x", "file:x", "x.tgz", "x.tar.gz", "X.TAR"),
    *("git+ssh://x/y", "user/name", "npm:x@1", "link:x", "http://x/y.tgz", ".\\x", "x\\y", " .x"),
)


def part(spec: str) -> str | None:
    return running_part(json.dumps({"name": "x", "dependencies": {"y": spec}}).encode())


@pytest.mark.parametrize("spec", VERSIONS)
def test_a_version_brings_nothing_of_a_program(spec: str) -> None:
    assert part(spec) == ""


@pytest.mark.parametrize("spec", PLACES)
def test_what_may_be_a_place_is_compared(spec: str) -> None:
    assert spec in json.loads(part(spec) or "{}")["dependencies"].values()
