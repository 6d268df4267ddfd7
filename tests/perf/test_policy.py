"""The options of whoever measures, as words for `nono run` and as data for the rest."""

import os
from pathlib import Path
from typing import Any

import pytest

from nono.perf.policy import Under, from_text, to_text
from nono.supervisor.cli.simple_line import simple_run
from nono.supervisor.planning.options import Options, to_options

OPTIONS = Options(
    allow_cwd=True,
    read=("/a b", "~/c"),
    profile="developer",
    open_port=(80, "90-99"),
    proxy_credential=("openai=file:///key",),
    upstream_proxy="http://me:secret@proxy:1",
    ask="watch",
)


def test_the_words_say_what_the_options_say() -> None:
    lists: dict[str, Any] = {"read": ("/a b", "~/c"), "deny": ("/d",), "dns": ("1.1.1.1",)}
    options = Options(allow_cwd=True, profile="x", preload=False, **lists)
    line = simple_run(["run", *Under(options, "/").words, "--", "true"], {})
    assert line is not None
    assert to_options(line.values) == options


def test_a_person_is_not_asked_and_secrets_are_not_told() -> None:
    under = Under(OPTIONS, "/")
    assert "--open-port=80" in under.words
    assert not any("ask" in word for word in under.words)
    assert any("secret" in word for word in under.words)
    assert not any("secret" in word or "key" in word for word in under.told)


def test_as_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    options = from_text(to_text(Under(OPTIONS, str(tmp_path))))
    assert os.getcwd() == str(tmp_path)
    assert (options.read, options.open_port, options.ask) == (("/a b", "~/c"), (80, "90-99"), None)


def test_whether_hosts_are_named() -> None:
    assert Under(Options(allow_domain=("a.example",)), "/").names_hosts
    assert not Under(Options(), "/").names_hosts
    assert not Under(Options(block_net=True), "/").names_hosts
