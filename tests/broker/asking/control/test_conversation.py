"""The control socket's conversation as playbooks: who says what, and what comes of it."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nono.broker.asking.control import json_rpc
from nono.broker.asking.control.conversation import (
    Action,
    Chosen,
    Close,
    Control,
    Send,
    Unanswered,
    question_line,
)
from nono.broker.asking.control.plain_question import Plain, plain_question, read_question
from nono.broker.asking.question import Answer
from nono.broker.errors import InvalidRecord, NonoError
from tests.broker.asking.worlds import ALWAYS, DIRECTORY, ONCE, question


class Run:
    """What was wanted of it."""

    def __init__(self) -> None:
        self.wanted: list[object] = []
        self.length = 1

    def status(self) -> Plain:
        return {"run": "7f3a", "argv": ["x" * self.length]}

    def grant(self, rules: Plain, client: str) -> Plain:
        if not rules:
            raise NonoError("nothing is granted", "name\x1b it")
        self.wanted.append((rules, client))
        return {"grant": 1}

    def revoke(self, number: str, client: str) -> Plain:
        self.wanted.append((number, client))
        return {}

    def kill(self, client: str) -> Plain:
        self.wanted.append(client)
        return {}


def started(*clients: int, answers: bool = True) -> tuple[Control, Run]:
    run = Run()
    control = Control(run)
    for client in clients:
        control.connected(client)
        hello = say(control, client, "hello", protocol=1, client=f"c{client}", answers=answers)
        ((to, status),) = told(hello)
        assert (to, status["protocol"], status["run"]) == (client, 1, "7f3a")
        assert status["clients"][-1] == {"name": f"c{client}", "answers": answers}
    return control, run


def say(control: Control, client: int, method: str, /, **params: Any) -> list[Action]:
    return control.received(client, json_rpc.request(1, method, **params).rstrip())


def told(actions: list[Action]) -> list[tuple[int, Any]]:
    """Who is sent what: a result, the code of an error, or a method and its params."""
    found = []
    for action in actions:
        assert isinstance(action, Send) and action.line.endswith(b"\n"), action
        message = json.loads(action.line)
        if "method" in message:
            found.append((action.client, (message["method"], message["params"])))
        else:
            error = message.get("error")
            found.append((action.client, message["result"] if error is None else error["code"]))
    return found


def test_the_first_answer_wins() -> None:
    control, _ = started(1, 2)
    asked = control.ask(question())
    assert [client for client, _ in told(asked)] == [1, 2]
    (*sent, chosen) = say(control, 2, "answer", question=17, offer="d")
    assert chosen == Chosen(17, Answer("d", "control socket", "c2"))
    settled = {"id": 17, "offer": "d", "words": DIRECTORY.words, "client": "c2"}
    assert told(sent) == [(2, {"settled": [17]}), (1, ("settled", settled))]
    assert told(say(control, 1, "answer", question=17, offer="o")) == [(1, -32602)]


def test_a_client_that_comes_late_is_asked_too() -> None:
    control, _ = started(1)
    control.ask(question())
    control.connected(2)
    late = say(control, 2, "hello", protocol=1, answers=True)
    assert [message[0] for _, message in told(late[1:])] == ["question"]
    assert told(control.withdraw(17)) == [(c, ("withdrawn", {"id": 17})) for c in (1, 2)]
    assert control.withdraw(17) == []


def test_with_the_last_client_its_questions_have_nobody() -> None:
    control, _ = started(1, 2)
    control.ask(question(1))
    control.ask(question(2))
    assert control.gone(1) == []
    assert control.gone(2) == [Unanswered(1), Unanswered(2)]
    assert control.gone(2) == []
    watching, _ = started(3, answers=False)
    watching.ask(question())
    assert not watching.has_answerers and watching.gone(3) == []


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"question": 17, "offer": "x"}, -32602),
        ({"question": 18, "offer": "o"}, -32602),
        ({"question": True, "offer": "o"}, -32602),
        ({"question": 17, "offer": ["o"]}, -32602),
        ({"question": 17}, -32602),
        ({"question": 17, "offer": "o", "rules": []}, -32602),
        ({}, -32602),
    ],
)
def test_an_offer_and_nothing_else(params: dict[str, Any], code: int) -> None:
    control, _ = started(1)
    control.ask(question())
    assert told(say(control, 1, "answer", **params)) == [(1, code)]
    assert isinstance(say(control, 1, "answer", question=17, offer="o")[-1], Chosen)


def test_who_does_not_answer_cannot() -> None:
    control, _ = started(1, answers=False)
    assert [message[0] for _, message in told(control.ask(question()))] == ["question"]
    assert told(say(control, 1, "answer", question=17, offer="o")) == [(1, -32602)]


def test_hello_first_and_in_this_version() -> None:
    control = Control(Run())
    control.connected(1)
    for method in ("status", "kill"):
        assert told(say(control, 1, method)) == [(1, -32001)]
    assert told(say(control, 1, "grant", rules={})) == [(1, -32001)]
    assert told(say(control, 1, "hello", protocol=2)) == [(1, -32602)]
    assert told(say(control, 1, "hello", protocol=1, client=7)) == [(1, -32602)]
    assert told(say(control, 1, "shell", command="x")) == [(1, -32601)]
    twice, _ = started(1)
    assert told(say(twice, 1, "hello", protocol=1, answers=False)) == [(1, -32600)]
    assert twice.has_answerers
    assert control.received(1, b'{"jsonrpc":"2.0","id":1,"result":0}') == []
    assert control.too_long(1)[1:] == [Close(1)]


def test_what_a_run_can_do() -> None:
    control, run = started(1)
    rules = {"filesystem": {"read": ["/srv"]}}
    assert told(say(control, 1, "grant", rules=rules)) == [(1, {"grant": 1})]
    assert told(say(control, 1, "revoke", number="1")) == [(1, {})]
    assert told(say(control, 1, "kill")) == [(1, {})]
    assert run.wanted == [(rules, "c1"), ("1", "c1"), "c1"]
    run.length = 70000
    assert told(say(control, 1, "status")) == [(1, -32603)]
    (refused,) = say(control, 1, "grant", rules={})
    assert isinstance(refused, Send)
    error = json.loads(refused.line)["error"]
    assert error == {
        "code": -32002,
        "message": "nothing is granted",
        "data": {"hint": "name\\x1b it"},
    }


@given(
    st.lists(
        st.tuples(
            st.integers(1, 3),
            st.sampled_from(["hello", "answer", "status"]),
            st.dictionaries(
                st.sampled_from(["protocol", "answers", "question", "offer"]),
                st.sampled_from([1, 17, True, "o", "d", "zz", None]),
            ),
        )
        | st.tuples(st.integers(1, 3), st.just(""), st.binary(max_size=20))
    )
)
def test_nobody_answers_but_by_an_offer(lines: list[tuple[int, str, Any]]) -> None:
    control = Control(Run())
    for client in (1, 2, 3):
        control.connected(client)
    control.ask(question())
    chosen = []
    for client, method, params in lines:
        actions = (
            say(control, client, method, **params) if method else control.received(client, params)
        )
        chosen += [each for each in actions if isinstance(each, Chosen)]
    assert len(chosen) <= 1
    assert all(each.answer.offer in ("o", "d", "a", "n") for each in chosen)


@given(st.binary(max_size=300))
def test_a_question_comes_back_as_it_was(name: bytes) -> None:
    path = "/d/" + name.replace(b"/", b"_").replace(b"\0", b"_").decode("utf-8", "surrogateescape")
    asked = question(path=path)
    line = question_line(asked)
    assert line is not None and line.isascii()
    plain = json.loads(line)["params"]
    found = read_question(plain)
    assert found.request == replace(asked.request, process=found.request.process)
    assert found.subject == asked.subject
    assert [(each.id, each.words) for each in found.offers] == [
        (each.id, each.words) for each in asked.offers
    ]
    assert "\x1b" not in plain["object"]["path"]


def test_a_question_has_its_rules_as_a_profile_has_them() -> None:
    offers = plain_question(question())["offers"]
    assert [each["rules"] for each in offers[:2]] == [
        [{"filesystem": {"read_file": ["/home/x/data/val_1.jpeg"]}}],
        [{"filesystem": {"read": ["/home/x/data"]}}],
    ]
    assert offers[2]["file"] == "x.json"


def test_a_question_that_is_too_long_says_less() -> None:
    """Or is not put at all, which is a refusal."""
    long = replace(ALWAYS, entry="é" * 500, file="f" * 500, words="w" * 300, reach="r" * 300)
    many = tuple(replace(long, id=str(number), rules=long.rules * 9) for number in range(40))
    line = question_line(replace(question(), offers=many))
    assert line is not None and len(line) <= json_rpc.MAX_LINE
    offers = json.loads(line)["params"]["offers"]
    assert len(offers) == 24 and "rules" not in offers[0]
    ids = tuple(replace(ONCE, id=str(number) + "i" * 9000) for number in range(40))
    assert question_line(replace(question(), offers=ids)) is None
    control, _ = started(1)
    assert control.ask(replace(question(), offers=ids)) == [Unanswered(17)]


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda x: (
            st.lists(x) | st.dictionaries(st.sampled_from(list(plain_question(question()))), x)
        ),
    )
)
def test_nothing_else_is_a_question(plain: object) -> None:
    with pytest.raises(InvalidRecord):
        read_question(plain)
