"""Heads and bodies of hostile texts are read in a time that grows as they do."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROGRAM = """
import contextlib, resource, sys
from nono.broker.credentials import heads
from nono.broker.credentials.bodies import body
resource.setrlimit(resource.RLIMIT_CPU, (8, 8))
size, text = 65000, eval(sys.argv[1])
filling = (text * size)[:size]
for _ in range(5):
    for data in (
        b"GET /x HTTP/1.1\\r\\nHost: a\\r\\nX: " + filling + b"\\r\\n y\\r\\n\\r\\n",
        b"GET /x HTTP/1.1\\r\\nHost: a\\r\\n" + filling + b"\\r\\n\\r\\n",
        b"GET " + filling + b"\\r\\n\\r\\n",
    ):
        for read in (heads.request, lambda d: heads.response(b"HTTP/1.1 200 " + d[4:], b"GET")):
            with contextlib.suppress(heads.NotHTTP):
                read(data)
        with contextlib.suppress(heads.NotHTTP):
            heads.check_beginning(data)
    for data in (filling, b"1;" + filling, b"0\\r\\nX: " + filling + b"\\r\\n\\r\\n"):
        with contextlib.suppress(heads.NotHTTP):
            body(heads.CHUNKED).feed(data)
"""


@pytest.mark.parametrize(
    "text",
    [
        *(
            b" ",
            b"\t",
            b"a",
            b":",
            b";",
            b"0",
            b"\r",
            b"\n",
            b"\r\n",
            b"\r\n ",
            b" \r\n",
            b"a: \r\n",
        ),
        *(b"X:y\r\n", b"1\r\na\r\n", b"\0", b"\xff"),
    ],
)
def test_no_text_takes_long(text: bytes) -> None:
    """The program may use 8 s of a processor, and needs a twentieth of that."""
    subprocess.run([sys.executable, "-c", _PROGRAM, repr(text)], check=True)
