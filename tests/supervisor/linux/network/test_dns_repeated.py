"""What is answered without being read again is what reading it again would give."""

import dns.message
import pytest

from nono.supervisor.linux.network.dns_answers import answer
from nono.supervisor.linux.network.dns_repeated import Repeated
from nono.supervisor.linux.network.synthetic_names import SyntheticNames

NAMES = [
    *("host.example", "HOST.example", "localhost", "a.localhost", "x.invalid", "x.onion", "."),
    *("here.example", "1.0.18.198.in-addr.arpa", "a b.example", "1.2.3.4"),
]
LATER = bytes.fromhex("beef")


def queries(name: str) -> list[bytes]:
    made = [dns.message.make_query(name, kind, use_edns=False) for kind in ("A", "AAAA", "TXT")]
    made += [dns.message.make_query(name, kind, use_edns=True) for kind in ("A", "AAAA", "ANY")]
    made.append(dns.message.make_query(name, "A", rdclass="CH"))
    wires = [each.to_wire() for each in made]
    return [*wires, wires[0][:-1], wires[0] + b"x", wires[0][:2] + b"\x81" + wires[0][3:], b"x"]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_words_have_the_same_answer(name: str) -> None:
    names = SyntheticNames(lambda host: ("127.0.0.1",) if host == "here.example" else ())
    repeated, known = Repeated(names), 0
    for query in queries(name):
        assert repeated.answer(query) is None
        reply = answer(query, names)
        if reply is None:
            continue
        repeated.note(query, reply)
        again = LATER + query[2:]
        found = repeated.answer(again)
        assert found in (None, answer(again, names))
        known += found is not None
    assert known == (4 if name.lower() == "host.example" else 0)


def test_what_a_name_means_may_become_another() -> None:
    here: dict[str, tuple[str, ...]] = {}
    names = SyntheticNames(lambda host: here.get(host, ()))
    repeated, query = Repeated(names), queries("host.example")[0]
    here["host.example"] = ("127.0.0.1",)
    on_loopback = answer(query, names)
    assert on_loopback
    here.clear()  # just then
    repeated.note(query, on_loopback)
    assert repeated.answer(query) is None
    reply = answer(query, names)
    assert reply
    assert reply != on_loopback
    repeated.note(query, reply)
    assert repeated.answer(query) == reply
    here["host.example"] = ("127.0.0.1",)
    assert repeated.answer(query) is None


def test_not_all_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nono.supervisor.linux.network.dns_repeated._MAX_KNOWN", 3)
    names = SyntheticNames()
    repeated = Repeated(names)
    asked = [queries(f"h{number}.example")[0] for number in range(10)]
    for query in asked:
        reply = answer(query, names)
        assert reply
        repeated.note(query, reply)
    assert sum(repeated.answer(query) is not None for query in asked) in range(1, 4)
