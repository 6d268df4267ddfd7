"""The table of settings: it is what the format of profiles has, and every flag is in it once."""

from __future__ import annotations

import json

import pytest

from nono.broker import Access, Effect, Origin, OriginKind
from nono.broker.profile.merge import merge
from nono.broker.profile.parse import known_keys, parse
from nono.broker.settings import (
    BY_NAME,
    BY_OPTION,
    KEYS,
    Key,
    Kind,
    Setting,
    flag,
    granting,
)

ABOUT_THE_PROFILE = {"$schema", "extends"}


def test_the_table_has_the_keys_of_a_profile() -> None:
    known = [key for key in known_keys() if not key.startswith("meta")]
    sections = {key.partition(".")[0] for key in known if "." in key}
    expected = set(known) - sections - ABOUT_THE_PROFILE
    assert {key.name for key in KEYS if key.in_profile} == expected


def test_every_key_and_every_option_is_there_once() -> None:
    assert len(BY_NAME) == len(KEYS)
    assert len(BY_OPTION) == len([key for key in KEYS if key.option])
    for key in KEYS:
        assert key.in_profile or key.option, "nobody could say it"


def test_the_flag_of_a_key() -> None:
    assert flag("network.connect_port") == "--allow-connect-port"
    assert flag("workdir.access") == "--allow-cwd"
    with pytest.raises(KeyError):
        flag("network.no_such_key")


@pytest.mark.parametrize("key", [key for key in KEYS if key.kind is not None], ids=str)
def test_what_becomes_a_rule_says_with_which_access(key: Key) -> None:
    assert key.access
    assert (key.effect is Effect.DENY) == (key.kind in (Kind.REFUSED, Kind.REFUSED_HOST))


@pytest.mark.parametrize(
    ("access", "directory", "file"),
    [
        (Access.READ, "--read", "--read-file"),
        (Access.READ | Access.EXECUTE, "--read", "--read-file"),
        (Access.WRITE, "--write", "--write-file"),
        (Access.READ | Access.WRITE, "--allow", "--allow-file"),
    ],
)
def test_what_grants_an_access(access: Access, directory: str, file: str) -> None:
    for kind, expected in ((Kind.DIRECTORY, directory), (Kind.FILE, file)):
        key = granting(access, kind)
        assert key is not None and key.flag == expected
    assert granting(Access.CONNECT, Kind.FILE) is None
    assert granting(access, Kind.SOCKET) is None


def test_a_setting_names_itself() -> None:
    by_flag = Setting("filesystem.read", "~", Origin(OriginKind.FLAG, "--read ~"))
    assert (str(by_flag), by_flag.file) == ("--read ~", "")
    text = json.dumps({"filesystem": {"read": ["~"]}})
    merged = merge([parse("a.json", text.encode())], "linux")
    (in_profile,) = merged.all("filesystem.read")
    assert str(in_profile) == "a.json:1:26: filesystem.read"
    assert str(in_profile.origin) == "profile filesystem.read in a.json"
    assert (in_profile.key, in_profile.value) == (by_flag.key, by_flag.value)
    problem = in_profile.problem("is odd", "leave it out")
    assert str(problem) == "a.json:1:26: filesystem.read: is odd"


def test_what_was_emptied_was_said() -> None:
    text = json.dumps({"network": {"allow_domain": [], "open_port": [80]}})
    merged = merge([parse("a.json", text.encode())], "linux")
    said = [key.name for key in KEYS if merged.speak_of(key.name)]
    assert said == ["network.allow_domain", "network.open_port"]
    assert merged.values("network.allow_domain") == ()
    assert merged.values("network.open_port") == (80,)
