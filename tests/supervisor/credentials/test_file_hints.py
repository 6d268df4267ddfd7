"""A key's file that cannot be opened: what to do about it depends on why."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nono.supervisor.credentials import keys
from nono.supervisor.errors import NonoError
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.options import Options


def test_what_is_not_there_is_stored_and_a_link_is_named(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("elsewhere")
    (tmp_path / "file").touch()
    no = tmp_path / "no"
    for name, hint in (
        ("no/key", f'(umask 077; mkdir -p {no} && read -rs key && echo "$key" >{no}/key)'),
        ("link", "name the file itself"),
        ("file/key", f"ls -ld {tmp_path}/file {tmp_path}/file/key"),
    ):
        named = f"openai=file://{tmp_path}/{name}"
        (service,) = make_plan(Options(proxy_credential=(named,))).services
        with pytest.raises(NonoError) as found:
            keys.load(service, os.environ)
        assert found.value.hint == hint
