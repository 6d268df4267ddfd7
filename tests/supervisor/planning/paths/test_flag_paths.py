"""The paths of options: what is written as a pattern, where none may be, or as another tool's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nono.broker import PolicyError, Subtree
from nono.supervisor import Options, UsageError, make_plan


@pytest.mark.parametrize("option", ["allow", "read", "write", "read_file", "deny", "deny_write"])
@pytest.mark.parametrize("text", ["{a,b}", "src/*.{a,b}", "**/[^a].key", "~/none/{a,b}"])
def test_what_another_tool_would_expand_is_refused_by_every_option(
    tmp_path: Path, option: str, text: str
) -> None:
    given: dict[str, Any] = {option: (text,), "workdir": str(tmp_path)}
    options = Options(**given)
    with pytest.raises(PolicyError) as caught:
        make_plan(options)
    assert "write one for each" in caught.value.hint or "[!a]" in caught.value.hint


@pytest.mark.parametrize("option", ["allow", "read", "read_file", "write_file"])
def test_an_option_opens_nothing_by_a_pattern(tmp_path: Path, option: str) -> None:
    for text, pattern in (("src/*.py", "$WORKDIR/src/*.py"), ("/none/[ab]", "/none/[ab]")):
        given: dict[str, Any] = {option: (text,), "workdir": str(tmp_path)}
        with pytest.raises(UsageError, match="opens nothing by a pattern") as caught:
            make_plan(Options(**given))
        assert f'{{"{option}": ["{pattern}"]}}' in caught.value.message


def test_what_is_called_so_can_be_named(tmp_path: Path) -> None:
    for name in ("{a,b}", "[^a]"):
        (tmp_path / name).mkdir()
    plan = make_plan(Options(deny=("{a,b}",), read=("[^a]", "{a,b}"), workdir=str(tmp_path)))
    named = {each.path for rule in plan.policy.rules if isinstance(each := rule.pattern, Subtree)}
    assert {f"{tmp_path}/{{a,b}}", f"{tmp_path}/[^a]"} <= named


def test_a_profile_says_where(tmp_path: Path) -> None:
    file = tmp_path / "said.json"
    file.write_text(json.dumps({"filesystem": {"deny": ["/x"], "read": ["/x/*.{a,b}"]}}, indent=1))
    with pytest.raises(PolicyError, match=r"said\.json:7:4: filesystem\.read\[0\]: '/x/"):
        make_plan(Options(profile=str(file), workdir=str(tmp_path)))
    file.write_text(json.dumps({"filesystem": {"deny": ["~/none/{a,b}"]}}))
    with pytest.raises(PolicyError, match=r"said\.json:1:26: filesystem\.deny: '~/none/"):
        make_plan(Options(profile=str(file), workdir=str(tmp_path)))
