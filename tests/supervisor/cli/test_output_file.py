"""The file that is written after a program ran."""

from __future__ import annotations

import os
from pathlib import Path

from nono.supervisor.cli.output_file import OutputFile


def test_a_link_on_the_way_that_leads_elsewhere_by_then(tmp_path: Path) -> None:
    for name in ("real", "elsewhere"):
        (tmp_path / name).mkdir()
    link = tmp_path / "link"
    link.symlink_to("real")
    output = OutputFile(os.open(link / "new", os.O_RDWR | os.O_CREAT, 0o600), str(link / "agent"))
    link.unlink()
    link.symlink_to("elsewhere")
    output.write(b"x")
    assert output.path == f"{tmp_path}/real/agent"
    assert (tmp_path / "real/agent").read_bytes() == b"x"
    assert not list((tmp_path / "elsewhere").iterdir())
