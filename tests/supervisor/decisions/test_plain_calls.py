"""Of which calls it is plain that nothing has to be found out before somebody is asked."""

from __future__ import annotations

from pathlib import Path

from nono.broker import Access, ConnectHost, Effect, Open, Operation, PathChange, Policy
from nono.broker.requests import NOBODY, Metadata, Request
from nono.supervisor.decisions.plain_calls import is_plain

POLICY = Policy(default=Effect.ASK)


def plain(*requests: Request) -> bool:
    return is_plain(POLICY, requests)


def test_what_reads_a_file_with_one_name(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    assert plain(Open(NOBODY, str(file), Access.READ), Open(NOBODY, str(tmp_path), Access.READ))
    assert plain(ConnectHost(NOBODY, "example.org", 443))
    (tmp_path / "other").hardlink_to(file)
    assert not plain(Open(NOBODY, str(file), Access.READ))
    assert not plain(Open(NOBODY, str(tmp_path), Access.READ), Open(NOBODY, str(file), Access.READ))


def test_what_changes_something_or_is_gone(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for request in (
        Open(NOBODY, str(file), Access.READ | Access.WRITE),
        PathChange(NOBODY, Operation.CREATE, str(tmp_path / "new")),
        PathChange(NOBODY, Operation.UNLINK, str(file)),
        Metadata(NOBODY, "chmod", str(file)),
        Open(NOBODY, str(tmp_path / "gone"), Access.READ),
    ):
        assert not plain(request), request
