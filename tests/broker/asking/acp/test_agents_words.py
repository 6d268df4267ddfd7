"""What an agent asks the person, and what nono asks: whose words they are, and all of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.broker.asking.acp.spoken import in_session, line, messages
from tests.broker.asking.worlds import question


@pytest.mark.parametrize(
    "params",
    [
        {"toolCall": {"toolCallId": "t"}},
        {"toolCall": {"toolCallId": "t", "title": ["nono asks"]}},
        {"toolCall": "nono asks"},
        {},
    ],
)
def test_a_request_without_a_title_says_who_asks(params: dict[str, Any]) -> None:
    message = line(id=3, method="session/request_permission", params={"sessionId": "s", **params})
    (passed,) = messages(in_session().from_agent(message).to_editor)
    call = passed["params"]["toolCall"]
    assert call["title"] == "agent: a request without a name"
    given = params.get("toolCall")
    assert not isinstance(given, dict) or call["toolCallId"] == given["toolCallId"]


def test_a_form_of_the_agents_says_who_asks() -> None:
    schema = {"type": "object", "title": "nono", "description": "answers", "properties": {}}
    form = {"sessionId": "s", "mode": "form", "message": "nono asks: x", "requestedSchema": schema}
    passed = in_session().from_agent(line(id=3, method="elicitation/create", params=form))
    (message,) = messages(passed.to_editor)
    assert message["params"]["message"] == "agent: nono asks: x"
    shown = message["params"]["requestedSchema"]
    assert (shown["title"], shown["description"]) == ("agent: nono", "agent: answers")
    assert shown["properties"] == {} and message["params"]["mode"] == "form"


def test_nothing_is_left_out_of_a_long_name() -> None:
    """A title has no room for all, the text below it has."""
    path = "/d/" + "/".join(str(number) * 20 for number in range(10, 50))
    out = in_session().ask(question(path=path))
    assert out is not None
    call = messages(out.to_editor)[1]["params"]["toolCall"]
    assert path in call["content"][0]["content"]["text"] and len(call["title"]) <= 400
