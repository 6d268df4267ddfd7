"""Lines of JSON-RPC: what a peer may send, and that nothing else comes through."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.broker.asking.control import json_rpc
from nono.broker.asking.control.json_rpc import MAX_LINE, Call, ProtocolError, Reply, parse
from nono.broker.asking.control.lines import Lines, TooLongError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
MESSAGES = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0") | JSON},
    optional={name: JSON for name in ("id", "method", "params", "result", "error")},
)


def test_what_there_is() -> None:
    line = json_rpc.request(7, "answer", question=17, offer="d1")
    assert parse(line) == Call("answer", {"question": 17, "offer": "d1"}, 7, True)
    assert parse(json_rpc.notification("settled", {})) == Call("settled")
    assert parse(json_rpc.result("x", {"y": 1})) == Reply("x", {"y": 1})
    failed = json_rpc.failure(ProtocolError(-32601, "none", 3))
    assert parse(failed) == Reply(3, None, {"code": -32601, "message": "none"})
    assert parse(b'{"jsonrpc":"2.0","id":null,"result":null}') == Reply(None)
    assert failed.endswith(b"}\n") and failed.isascii()


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"", -32700),
        (b"\xff", -32700),
        (b"[]", -32700),
        (b"17", -32700),
        (b'{"jsonrpc":"2.0","method":"a","method":"b"}', -32700),
        (b'{"jsonrpc":"2.0","method":"a","params":{"x":NaN}}', -32700),
        (b'{"jsonrpc":"2.0","method":"a","id":' + b"9" * 21 + b"}", -32700),
        (b"[" * 60000, -32700),
        (b'{"a":' * 9000, -32700),
        (b" " * (MAX_LINE + 1), -32700),
        (b'{"method":"a"}', -32600),
        (b'{"jsonrpc":"2.0"}', -32600),
        (b'{"jsonrpc":"2.0","id":true,"method":"a"}', -32600),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"a"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"result":1,"error":{}}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":7}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"a","params":[1]}', -32602),
    ],
)
def test_what_is_none(line: bytes, code: int) -> None:
    with pytest.raises(ProtocolError) as caught:
        parse(line)
    assert caught.value.code == code


@given(st.binary() | MESSAGES.map(lambda message: json.dumps(message).encode()))
def test_anything_is_a_message_or_a_protocol_error(line: bytes) -> None:
    try:
        found = parse(line)
    except ProtocolError as error:
        assert parse(json_rpc.failure(error)) == Reply(
            error.id, None, {"code": error.code, "message": error.message}
        )
    else:
        assert isinstance(found, Call | Reply)


@given(st.lists(st.binary(max_size=30)), st.integers(0, 20))
def test_lines_are_the_same_however_they_come(pieces: list[bytes], limit: int) -> None:
    def cut(data: list[bytes]) -> tuple[list[bytes], bool]:
        lines, found = Lines(limit), []
        try:
            for piece in data:
                for line in lines.feed(piece):
                    found.append(line)
        except TooLongError:
            return found, True
        return found, False

    whole = b"".join(pieces)
    assert cut(pieces) == cut([whole]) == cut([whole[i : i + 1] for i in range(len(whole))])
    wanted = [line for line in whole.split(b"\n")[:-1] if line.strip()]
    found, is_too_long = cut(pieces)
    assert found == (wanted[: len(found)] if is_too_long else wanted)
