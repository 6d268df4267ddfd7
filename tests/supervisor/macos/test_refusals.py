"""What the kernel refused, as requests that a policy decides on."""

from __future__ import annotations

import pytest

from nono.broker import (
    Access,
    Bind,
    Connect,
    Execute,
    Metadata,
    Open,
    Operation,
    PathChange,
    Request,
    UnixConnect,
)
from nono.broker.requests import RecordedProcess
from nono.shims.macos.log import Refusal
from nono.supervisor.macos.refusals import request_of

WHO = RecordedProcess(7, "x")


@pytest.mark.parametrize(
    ("operation", "what", "request_"),
    [
        ("file-read-data", "/a", Open(WHO, "/a", Access.READ)),
        ("file-write-data", "/a", Open(WHO, "/a", Access.WRITE)),
        ("file-write-create", "/a", PathChange(WHO, Operation.CREATE, "/a")),
        ("file-write-unlink", "/a", PathChange(WHO, Operation.UNLINK, "/a")),
        ("file-write-mode", "/a", Metadata(WHO, "chmod", "/a")),
        ("process-exec", "/a", Execute(WHO, "/a")),
        ("file-map-executable", "/a", Execute(WHO, "/a")),
        ("network-outbound", "/a", UnixConnect(WHO, "/a")),
        ("network-outbound", "1.2.3.4:443", Connect(WHO, "1.2.3.4", 443)),
        ("network-outbound", "[::1]:80", Connect(WHO, "::1", 80)),
        ("network-bind", "127.0.0.1:80", Bind(WHO, "127.0.0.1", 80)),
        ("network-outbound", "*:443", None),
        ("network-outbound", "host:443", None),
        ("mach-lookup", "com.apple.x", None),
        ("file-read-data", "a", None),
        ("file-read-data", "/a\0b", None),
        ("file-mount", "/a", None),
    ],
)
def test_what_is_asked_of_a_policy(operation: str, what: str, request_: Request | None) -> None:
    assert request_of(Refusal("x", 7, operation, what)) == request_
