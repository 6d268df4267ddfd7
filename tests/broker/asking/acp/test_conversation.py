"""An editor and an agent with us between: what passes, what is ours, and what never is."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.broker.asking.acp.conversation import MAX_MESSAGE, Relay, Relayed
from nono.broker.asking.acp.relayed_lines import MAX_READ, RelayedLines
from nono.broker.asking.question import Answer
from tests.broker.asking.acp.spoken import TOKEN, in_session, line, messages, texts
from tests.broker.asking.worlds import ALWAYS, question


def asked(relay: Relay, id: int = 17) -> dict[str, Any]:
    """The request that the editor gets."""
    out = relay.ask(question(id))
    assert out is not None and not out.to_agent
    call, request = messages(out.to_editor)
    assert call["params"]["update"]["sessionUpdate"] == "tool_call"
    assert request["method"] == "session/request_permission"
    assert call["params"]["sessionId"] == request["params"]["sessionId"]
    found: dict[str, Any] = request
    return found


def selected(request: dict[str, Any], option: str) -> bytes:
    return line(id=request["id"], result={"outcome": {"outcome": "selected", "optionId": option}})


def test_a_permission_in_the_editor() -> None:
    relay = in_session()
    request = asked(relay)
    tool = request["params"]["toolCall"]
    assert tool["title"] == "nono asks: python3 train.py wants to read /home/x/data"
    assert (tool["kind"], tool["locations"]) == ("read", [{"path": "/home/x/data/val_1.jpeg"}])
    assert [(each["optionId"], each["kind"]) for each in request["params"]["options"]] == [
        ("o", "allow_once"),
        ("d", "allow_always"),
        ("n", "reject_once"),
    ]
    out = relay.from_editor(selected(request, "o"))
    assert not out.to_agent and out.settled == [(17, Answer("o", "acp"))]
    (update,) = messages(out.to_editor)
    assert update["params"]["update"]["status"] == "completed"
    assert relay.from_editor(selected(request, "o")) == Relayed()


def test_so_much_is_asked_about_twice() -> None:
    relay = in_session()
    first = relay.from_editor(selected(asked(relay), "d"))
    assert not first.settled
    (sure,) = messages(first.to_editor)
    assert [each["name"] for each in sure["params"]["options"]] == [
        "No",
        "Yes: all of data/, this run (312 files)",
    ]
    assert relay.from_editor(selected(sure, "d")).settled == [(17, Answer("d", "acp"))]
    again = asked(relay, 18)
    (sure,) = messages(relay.from_editor(selected(again, "d")).to_editor)
    assert relay.from_editor(selected(sure, "nono-no")).settled == [(18, None)]


def test_anything_else_denies() -> None:
    relay = in_session()
    answers: list[dict[str, Any]] = [
        {"result": {"outcome": {"outcome": "cancelled"}}},
        {"result": {"outcome": {"outcome": "selected", "optionId": "a"}}},
        {"result": {"outcome": {"outcome": "selected", "optionId": ["o"]}}},
        {"result": {"outcome": "selected"}},
        {"result": None},
        {"error": {"code": -32601, "message": "no"}},
    ]
    for number, answer in enumerate(answers):
        request = asked(relay, number)
        assert relay.from_editor(line(id=request["id"], **answer)).settled == [(number, None)]


def test_nothing_is_asked_before_a_session() -> None:
    assert Relay(TOKEN).ask(question()) is None
    relay = in_session()
    assert relay.ask(replace(question(), offers=(ALWAYS,))) is None
    for number in range(20):
        asked(relay, number)
    assert relay.ask(question()) is None
    assert len(relay.ended().settled) == 20
    assert relay.ask(question()) is None


def test_the_agent_cannot_answer() -> None:
    """Not by an id of ours, nor by one that the editor would answer in our place."""
    relay = in_session()
    request = asked(relay)
    for forged in (
        line(id=request["id"], result={"outcome": {"outcome": "selected", "optionId": "o"}}),
        line(id=request["id"], method="session/request_permission", params={}),
        line(id="nono:1", method="session/request_permission", params={}),
        line(method="$/cancel_request", params={"requestId": request["id"]}),
        line(method="session/update", params={"toolCallId": f"nono-{TOKEN}-1", "title": "nice"}),
    ):
        assert relay.from_agent(forged) == Relayed()
    assert relay.from_editor(selected(request, "o")).settled == [(17, Answer("o", "acp"))]
    # A request of the agent's own with an ordinary id is answered to the agent.
    own = line(id=5, result={"outcome": {"outcome": "selected", "optionId": "o"}})
    assert relay.from_editor(own) == Relayed(bytearray(own))


def test_a_question_comes_between_lines_and_what_is_too_long_does_not_pass() -> None:
    relay = in_session()
    begun = b'{"text":"' + b"x" * MAX_READ
    assert not relay.from_agent(begun).to_editor
    out = relay.ask(question())
    assert out is not None and out.to_editor.startswith(b'{"jsonrpc"')
    assert relay.from_agent(b'"}\nnext').to_editor == begun + b'"}\n'
    assert relay.ended().to_editor == b"next"
    relay = in_session()
    for part in (b'{"method":"fs/write_text_file","x":"', b"x" * MAX_MESSAGE, b'{"', b'"}\n'):
        assert relay.from_agent(part) == Relayed()
    assert relay.from_agent(b"{}\n").to_editor == b"{}\n"


WRITE = {"path": "/home/x/.bashrc", "content": "evil"}


@pytest.mark.parametrize(
    "method",
    ["terminal/create", "fs/write_text_file", "fs/read_text_file", "mcp/connect", "_x/run", "", 7],
)
def test_an_editor_does_nothing_outside_for_the_agent(method: object) -> None:
    relay = in_session()
    out = relay.from_agent(line(id=5, method=method, params=WRITE))
    assert not out.to_editor and not out.settled
    (answer,) = messages(out.to_agent)
    assert answer["id"] == 5 and "outside of the sandbox" in answer["error"]["message"]
    assert relay.from_agent(line(method=method, params=WRITE)) == Relayed()
    # Nor by a last line without an end.
    relay.from_agent(line(id=5, method=method)[:-1])
    assert relay.ended() == Relayed()


EVIL = b'{"jsonrpc":"2.0","id":5,"method":"terminal/create","params":{"command":"sh"}}'


@pytest.mark.parametrize(
    "said",
    [
        b'{"id":5,"method":"session/update","method":"terminal/create"}\n',
        b"[" + EVIL + b"]\n",
        b"\xef\xbb\xbf" + EVIL + b"\n",
        b"x\r" + EVIL + b"\r\n",
        EVIL.replace(b'"5"', b"NaN").replace(b"5", b"NaN") + b"\n",
        EVIL.decode().encode("utf-16") + b"\n",
        EVIL[:-1] + b',"x":"\xff"}\n',
    ],
)
def test_what_another_reader_might_take_for_a_message_does_not_pass(said: bytes) -> None:
    assert not in_session().from_agent(said).to_editor


def test_no_line_of_the_agents_is_two_to_anybody() -> None:
    relay = in_session()
    for between in ("\r", "\u2028", "\x85"):
        text = f'{{"method":"session/update","params":{{"x":"{between}"}}}}\n'
        if between == "\r":
            text = '{"method":"session/update","params":\r' + EVIL.decode() + "\r}\n"
        passed = relay.from_agent(text.encode()).to_editor
        assert passed.isascii() and len(passed.decode().splitlines()) == 1
        assert json.loads(passed) == json.loads(text)
    mixed = relay.from_agent(b'{"id":5,"Method":"terminal/create"}\n')
    assert not mixed.to_editor and mixed.to_agent


def test_an_editor_does_not_offer_what_is_refused() -> None:
    told = {"fs": {"readTextFile": True}, "terminal": True, "_meta": {"x": 1}}
    params = {"protocolVersion": 1, "clientCapabilities": told}
    out = Relay(TOKEN).from_editor(line(id=0, method="initialize", params=params))
    (message,) = messages(out.to_agent)
    assert message["params"] == {**params, "clientCapabilities": {"_meta": {"x": 1}}}
    # Nor does the agent name a program for the editor to start, to log in.
    ways = [
        {"id": "a", "name": "by key"},
        {"id": "b", "type": "terminal", "env": {"LD_PRELOAD": "x"}},
        {"id": "c", "_meta": {"terminal-auth": {"command": "sh"}}},
        {"id": "d", "command": "sh"},
        {"id": "e", "Type": "terminal"},
    ]
    for key in ("authMethods", "AuthMethods"):
        passed = Relay(TOKEN).from_agent(line(id=0, result={key: ways})).to_editor
        assert messages(passed)[0]["result"] == {key: ways[:1]}


@pytest.mark.parametrize(
    ("title", "is_marked"),
    [
        ("nono asks: ls wants to read /x", True),
        ("  \u200bN\uff4fno asks", True),
        ("\u043eops", True),
        ("A question: nono asks", True),
        ("n0no asks", True),
        ("Permission from nono sandbox: read x", True),
        ("\u202esksa onon", False),
        ("Edit nonogram.py", False),
        ("Run the tests", False),
    ],
)
def test_a_title_of_the_agents_does_not_seem_ours(title: str, is_marked: bool) -> None:
    """What it asks itself always says who asks. Nothing turns the direction of letters."""
    plain = title.replace("\u200b", "").replace("\u202e", "")
    marked = f"agent: {plain}"
    shown = marked if is_marked else plain
    update, entry = {"toolCallId": "t", "title": title}, {"content": title, "status": "pending"}
    plan = {"sessionUpdate": "plan", "entries": [entry]}
    for method, key, part, expected in (
        ("session/request_permission", "toolCall", update, marked),
        ("session/request_permission", "TOOLCALL", {"TITLE": title}, marked),
        ("session/update", "update", update, shown),
        ("session/update", "update", plan, shown),
    ):
        message = line(id=3, method=method, params={"sessionId": "sess_1", key: part})
        (passed,) = messages(in_session().from_agent(message).to_editor)
        assert expected in texts([passed]) and "\u202e" not in texts([passed])
        assert marked == expected or marked not in texts([passed])


def test_the_secret_stays_between_the_editor_and_us() -> None:
    """The editor cannot give it to the agent, nor does the agent write it otherwise spelled."""
    relay = in_session()
    request = asked(relay)
    assert (
        relay.from_editor(line(method="$/cancel_request", params={"requestId": request["id"]}))
        == Relayed()
    )
    assert relay.from_editor(line(method="x", params={"tool": [f"nono-{TOKEN}-1"]})) == Relayed()
    call = request["params"]["toolCall"]["toolCallId"]
    forged = line(method="session/update", params={"update": {"toolCallId": call, "title": "x"}})
    escaped = forged.replace(TOKEN.encode(), b"\\u006b" + TOKEN[1:].encode())
    assert TOKEN.encode() not in escaped and relay.from_agent(escaped) == Relayed()
    assert relay.from_editor(selected(request, "o")).settled == [(17, Answer("o", "acp"))]


def test_a_question_that_is_over_is_cancelled() -> None:
    relay = in_session()
    request = asked(relay)
    cancel, update = messages(relay.withdraw(17).to_editor)
    said = {"requestId": request["id"]}
    assert (cancel["method"], cancel["params"]) == ("$/cancel_request", said)
    assert update["params"]["update"]["status"] == "failed"
    assert relay.from_editor(selected(request, "o")) == Relayed()
    assert relay.withdraw(17) == Relayed()


def test_the_session_is_the_one_of_the_last_prompt() -> None:
    relay = in_session()
    relay.from_editor(line(id=9, method="session/prompt", params={"sessionId": "s2", "prompt": []}))
    assert asked(relay)["params"]["sessionId"] == "s2"
    # What the agent calls a session without being asked is none.
    relay.from_agent(line(id=77, result={"sessionId": "evil"}))
    relay.from_agent(line(method="session/update", params={"sessionId": "evil"}))
    assert asked(relay, 18)["params"]["sessionId"] == "s2"


def test_odd_names_are_made_visible() -> None:
    relay = in_session()
    out = relay.ask(question(path="/d/\x1b[2J\u202e\udcff/x"))
    assert out is not None and out.to_editor.isascii() and b"\\\\x1b" in out.to_editor
    assert not {"\x1b", "\u202e", "\udcff"} & {*texts(messages(out.to_editor))}
    assert messages(out.to_editor)[1]["params"]["toolCall"]["locations"] == []


@given(st.lists(st.binary(max_size=20)), st.booleans())
def test_what_is_not_ours_passes_byte_by_byte(pieces: list[bytes], to_agent: bool) -> None:
    """Of the agent's all that nobody could take for a message."""
    if not to_agent:
        pieces = [piece.replace(b"{", b"") for piece in pieces]
    relay = in_session()
    passed = b""
    for piece in pieces:
        out = (relay.from_editor if to_agent else relay.from_agent)(piece)
        passed += out.to_agent if to_agent else out.to_editor
        assert not out.settled
    end = relay.editor_ended().to_agent if to_agent else relay.ended().to_editor
    assert passed + end == b"".join(pieces)


@given(st.lists(st.binary(max_size=20)), st.integers(0, 9))
def test_pieces_are_all_there_is(parts: list[bytes], limit: int) -> None:
    lines = RelayedLines(limit)
    pieces = [piece for part in parts for piece in lines.feed(part)]
    whole = b"".join(parts)
    assert b"".join(piece.data for piece in pieces) + lines.end() == whole
    assert all(piece.data.endswith(b"\n") == piece.ends for piece in pieces)
    assert all(len(piece.data) <= limit + 1 for piece in pieces if piece.line)


@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.fixed_dictionaries(
                {},
                optional={
                    "id": st.sampled_from(["nono:k3j9x2-2", "nono:1", 1, None]),
                    "method": st.sampled_from(["session/new", "session/prompt", "x"]),
                    "result": st.sampled_from(
                        [{"outcome": {"outcome": "selected", "optionId": "o"}}, 7]
                    ),
                },
            ),
        )
    )
)
def test_only_the_editor_settles(said: list[tuple[bool, dict[str, Any]]]) -> None:
    relay = in_session()
    asked(relay)
    for is_editor, message in said:
        out = (relay.from_editor if is_editor else relay.from_agent)(line(**message))
        assert is_editor or not out.settled
