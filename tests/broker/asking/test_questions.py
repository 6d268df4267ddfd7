"""Questions: what is offered, in which order, and that no offer does more than it says."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from nono.broker import (
    ALL_ACCESS,
    Access,
    Allow,
    Ask,
    Bind,
    Connect,
    ConnectHost,
    Deny,
    Effect,
    File,
    Metadata,
    Mode,
    Network,
    Open,
    Operation,
    PathChange,
    Policy,
    Request,
    Rule,
    Subtree,
    UnixConnect,
)
from nono.broker.asking.history import History
from nono.broker.asking.offers.offers import Offers
from nono.broker.asking.question import Lasts, Offer, Program, Question, SubjectKind
from nono.broker.asking.questions import question
from nono.broker.asking.subject import subject_of
from nono.broker.asking.surroundings import Asked, Place
from nono.broker.asking.terminal.block import Surroundings as Screen
from nono.broker.asking.terminal.block import block
from nono.broker.asking.terminal.keys import choices
from nono.broker.asking.terminal.plain import listed
from nono.broker.learning.generalise import Surroundings
from nono.broker.requests import PathRequest, RecordedProcess
from nono.broker.visible import visible
from tests.broker.worlds import CALLER, FLAG

HOME, WORK = "/home/u", "/home/u/work"
READ, WRITE = Access.READ, Access.WRITE
POLICY = Policy(
    (
        Rule(Subtree(WORK), Access.READ | Access.WRITE | Access.EXECUTE, Effect.ALLOW, FLAG),
        Rule(Subtree(f"{HOME}/.ssh"), ALL_ACCESS, Effect.DENY, FLAG, protected=True),
        Rule(Subtree(f"{WORK}/keys"), READ, Effect.ASK, FLAG),
    ),
    default=Effect.ASK,
    network=Network(Mode.FILTERED),
)
PROGRAM = Program(RecordedProcess(4711, "/usr/bin/python3"))


class Look:
    """Directories are what ends in `dir`, and the home."""

    def is_directory(self, path: str) -> bool:
        return path.endswith("dir") or path == HOME

    def reach(self, directory: str) -> str:
        return "3 files"


PLACE = Place(Surroundings(HOME, WORK, (f"{HOME}/.cache",), (f"{HOME}/.ssh",)), Look(), "/k.json")


def opens(path: str, access: Access = READ) -> Open:
    return Open(CALLER, path, access)


def changes(operation: Operation, path: str) -> PathChange:
    return PathChange(CALLER, operation, path, target="/data/x/new", directory=False)


def asked(*requests: Request, history: History | None = None, place: Place = PLACE) -> Question:
    found = [(request, POLICY.decide(request)) for request in requests]
    asks = tuple((request, verdict) for request, verdict in found if isinstance(verdict, Ask))
    assert len(asks) == len(requests)
    return question(POLICY, Asked(7, asks, PROGRAM), place, history or History())


def after(*requests: Request) -> History:
    history = History()
    for request in requests:
        history.note(subject_of(request, Look().is_directory))
    return history


def ids(found: Question) -> str:
    return "".join(each.id for each in found.offers)


def by_id(found: Question, id: str) -> Offer:
    return next(each for each in found.offers if each.id == id)


REQUESTS: list[Request] = [
    opens("/data/x/f"),
    opens("/data/x/f", READ | WRITE),
    opens("/data/dir"),
    opens(f"{HOME}/f"),
    opens(HOME),
    opens("/f"),
    opens("/tmp/f", WRITE),
    opens(f"{HOME}/.cache/tool/deep/f", WRITE),
    opens(f"{WORK}/keys/f"),
    changes(Operation.CREATE, "/data/x/new"),
    changes(Operation.UNLINK, "/data/x/f"),
    changes(Operation.RENAME_FROM, "/data/x/f"),
    changes(Operation.RENAME_TO, f"{HOME}/f"),
    changes(Operation.MKDIR, "/data/x/sub"),
    PathChange(CALLER, Operation.RENAME_FROM, "/data/x", target="/data/y"),
    Metadata(CALLER, "chmod", "/data/x/f"),
    UnixConnect(CALLER, "/run/app.sock"),
    ConnectHost(CALLER, "api.example.org", 443),
    ConnectHost(CALLER, "pypi.org", 443),
    ConnectHost(CALLER, "10.1.2.3", 80),
    Connect(CALLER, "93.184.216.34", 443),
    Connect(CALLER, "127.0.0.1", 5432),
    Connect(CALLER, "2001:db8::1", 22),
    Bind(CALLER, "192.0.2.1", 8080),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=str)
@pytest.mark.parametrize("before", range(4))
def test_every_offer_does_what_it_says_and_no_more(request_: Request, before: int) -> None:
    found = asked(request_, history=after(*[request_] * before))
    # The one that leads is mostly made before the others, and is one of them.
    assert found.offers[0] == next(iter(Offers(found._parts.made_offers)))  # type: ignore[union-attr]
    allowing = [each for each in found.offers if each.effect is Effect.ALLOW]
    for offer in found.offers:
        decided = POLICY.extended(offer.rules).decide(request_)
        if offer.effect is Effect.ALLOW:
            assert isinstance(decided, Allow), offer
        elif offer.rules:
            assert isinstance(decided, Deny), offer
        secret = POLICY.extended(offer.rules).decide(opens(f"{HOME}/.ssh/id_rsa"))
        assert isinstance(secret, Deny)
        assert not any(_opens_home(rule) for rule in offer.rules if offer.effect is Effect.ALLOW)
    assert len({each.id for each in found.offers}) == len(found.offers)
    assert ids(found)[-1] == "Q"
    if allowing:
        assert not allowing[0].broad
        assert allowing[0].lasts is not Lasts.ALWAYS


def _opens_home(rule: Rule) -> bool:
    wide = ("/", "/home", HOME, "/tmp", f"{HOME}/.cache")
    return isinstance(rule.pattern, Subtree) and rule.pattern.path in wide


@pytest.mark.parametrize(
    ("request_", "before", "expected"),
    [
        (opens("/data/x/f"), 0, "ordaAnmNQ"),
        (opens("/data/x/f"), 1, "doraAnmNQ"),
        (opens("/data/x/f"), 2, "daAonmNQ"),
        (changes(Operation.UNLINK, "/data/x/f"), 3, "dAonmNQ"),
        (opens("/data/dir"), 0, "ordAnmNQ"),
        (opens(f"{HOME}/f"), 0, "oranmNQ"),
        (opens(f"{HOME}/f"), 3, "oranmNQ"),
        (opens(HOME), 0, "oranmNQ"),
        (changes(Operation.UNLINK, "/data/x/f"), 0, "odAnmNQ"),
        (UnixConnect(CALLER, "/run/app.sock"), 0, "ornNQ"),
        (ConnectHost(CALLER, "api.example.org", 443), 0, "oranNQ"),
        (ConnectHost(CALLER, "api.example.org", 443), 1, "roanNQ"),
        (ConnectHost(CALLER, "pypi.org", 443), 0, "orpanNQ"),
        (Connect(CALLER, "127.0.0.1", 5432), 0, "oranNQ"),
        (Bind(CALLER, "192.0.2.1", 8080), 0, "oranNQ"),
    ],
    ids=str,
)
def test_what_is_offered_and_first(request_: Request, before: int, expected: str) -> None:
    assert ids(asked(request_, history=after(*[request_] * before))) == expected


def test_a_tree_is_offered_from_its_second_directory_on() -> None:
    history = after(opens("/data/x/a/f"))
    assert "t" not in ids(asked(opens("/data/x/a/g"), history=history))
    found = asked(opens("/data/x/b/f"), history=history)
    tree = by_id(found, "t")
    assert tree.broad and tree.rules[0].pattern == Subtree("/data/x")
    nothing = by_id(found, "T")
    assert nothing.rules[0].pattern == Subtree("/data/x")


def test_a_domain_is_offered_from_its_second_host_on_unless_everybody_can_have_a_name() -> None:
    def second(domain: str) -> str:
        history = after(ConnectHost(CALLER, f"a.{domain}", 443))
        return ids(asked(ConnectHost(CALLER, f"b.{domain}", 443), history=history))

    assert "t" in second("example.org")
    for domain in (
        *("github.io", "co.nz", "com.cn", "org.uk", "ac.uk", "com.mx", "wordpress.com"),
        *("duckdns.org", "nip.io", "oast.fun", "lambda-url.eu-west-1.on.aws", "up.railway.app"),
    ):
        assert "t" not in second(domain), domain
    assert "t" not in second("s3.amazonaws.com")
    assert "t" not in second("net")


def test_what_waits_together_is_one_question() -> None:
    found = asked(opens("/data/x/f"), opens("/data/x/g", WRITE), opens("/data/x/f", WRITE))
    assert found.subject.kind is SubjectKind.DIRECTORY and found.subject.value == "/data/x"
    assert found.wants == "read and write"
    once = by_id(found, "o")
    assert once.words == "these 2, once"
    assert {rule.pattern for rule in once.rules} == {File("/data/x/f"), File("/data/x/g")}
    assert by_id(found, "d").rules[0].access == READ | WRITE


def test_what_cannot_be_shown_is_not_allowed_by_its_name() -> None:
    many = [opens(f"/data/x/f{each}") for each in range(7)]
    assert ids(asked(*many[:6]))[:2] == "or" and len(asked(*many[:6]).objects) == 6
    assert not {"o", "r"} & {*ids(asked(*many))} and "d" in ids(asked(*many))
    moved = asked(
        changes(Operation.RENAME_FROM, "/data/x/f"), changes(Operation.RENAME_TO, "/data/x/g")
    )
    assert moved.objects == (("rename", "/data/x/f"), ("rename something to", "/data/x/g"))
    assert by_id(moved, "d").words == "all of /data/x/ for writing, this run"


@pytest.mark.parametrize(
    ("request_", "shown"),
    [
        (
            PathChange(CALLER, Operation.SYMLINK, "/data/x/l", detail="../../etc/passwd"),
            (("create the symbolic link", "/data/x/l"), ("which leads to", "../../etc/passwd")),
        ),
        (
            PathChange(CALLER, Operation.RENAME_TO, "/data/x/g", detail="/work/f"),
            (("rename something to", "/data/x/g"), ("which was", "/work/f")),
        ),
        (
            PathChange(CALLER, Operation.LINK_TO, "/data/x/g", detail="/work/f"),
            (("create the hard link", "/data/x/g"), ("a name of", "/work/f")),
        ),
        (
            PathChange(CALLER, Operation.RENAME_FROM, "/data/x/f", target="/work/g"),
            (("rename", "/data/x/f"), ("to", "/work/g")),
        ),
        (
            Metadata(CALLER, "chmod", "/data/x/f", detail="0777"),
            (("chmod", "/data/x/f"), ("with the mode", "0777")),
        ),
        (
            Metadata(CALLER, "chown", "/data/x/f", detail="0:0"),
            (("chown", "/data/x/f"), ("to the owner and group", "0:0")),
        ),
        (
            Metadata(CALLER, "setxattr", "/data/x/f", detail="user.a\x1b"),
            (("setxattr", "/data/x/f"), ("the attribute", "user.a\x1b")),
        ),
    ],
)
def test_what_is_decisive_is_shown(
    request_: PathRequest, shown: tuple[tuple[str, str], ...]
) -> None:
    found = asked(request_)
    assert found.objects == shown
    lines = "\n".join(block(found, choices(found), Screen(80)))
    assert f"{shown[1][0]} {visible(shown[1][1])}" in lines
    assert f"{shown[1][0]}: {visible(shown[1][1])}" in "\n".join(listed(found, choices(found)))
    if isinstance(request_, Metadata):  # what is given for the run is more than this mode
        assert by_id(found, "r").words == "this file for writing, this run"


def test_the_words_are_ours_and_names_are_made_visible() -> None:
    found = asked(opens("/data/x\x1b[2J/\u202ef"))
    assert found.wants == "read"
    assert found.why == "no rule covers it, and the default is to ask"
    assert all(each.words.isprintable() for each in found.offers)
    assert "\\x1b[2J" in by_id(found, "d").words
    assert asked(opens(f"{WORK}/keys/f")).why == f"flag --test ({WORK}/keys) asks first"


def test_a_list_of_names_is_told_from_a_file() -> None:
    """A glob asks about both, one after the other."""
    listing, file = asked(opens("/data/dir")), asked(opens("/data/dir/f"))
    assert (listing.wants, file.wants) == ("list the names in", "read")
    assert by_id(listing, "o").words == "the list of names, once"
    assert by_id(file, "o").words == "this file, once"
    assert asked(opens("/data/dir"), opens("/data/dir/f")).wants == "read"


def test_the_first_file_is_what_a_person_sees() -> None:
    assert asked(opens("/data/x/f")).subject.value == "/data/x/f"
    assert asked(opens("/data/dir")).subject.kind is SubjectKind.DIRECTORY


@pytest.mark.parametrize(
    ("request_", "id", "entry"),
    [
        (opens("/data/x/f"), "a", "filesystem.read_file: /data/x/f"),
        (opens("/data/x/f", READ | WRITE), "A", "filesystem.allow: /data/x"),
        (opens(HOME), "a", "filesystem.list: ~"),
        (changes(Operation.MKDIR, "/data/x/new"), "a", "filesystem.write: /data/x/new"),
        (opens(f"{HOME}/d/f"), "A", "filesystem.read: ~/d"),
        (
            ConnectHost(CALLER, "api.example.org", 8443),
            "a",
            "network.allow_domain: api.example.org:8443",
        ),
        (Connect(CALLER, "127.0.0.1", 5432), "a", "network.open_port: 5432"),
        (Bind(CALLER, "192.0.2.1", 8080), "a", "network.listen_port: 8080"),
    ],
    ids=str,
)
def test_what_is_kept_is_shown_as_it_is_written(request_: Request, id: str, entry: str) -> None:
    offer = by_id(asked(request_), id)
    assert (offer.lasts, offer.entry, offer.file) == (Lasts.ALWAYS, entry, "/k.json")
    assert offer.broad and offer.is_risky and offer.reach


def test_nothing_is_kept_without_a_file_nor_a_name_that_no_profile_has() -> None:
    def kept(found: Question) -> list[str]:
        return [each.id for each in found.offers if each.lasts is Lasts.ALWAYS]

    nowhere = Place(PLACE.around, Look())
    assert not kept(asked(opens("/data/x/f"), place=nowhere))
    assert kept(asked(opens("/data/x/a*b"))) == ["A"]
    assert not kept(asked(opens("/data/$HOME/a\nb")))


def risky(requests: Iterable[Request]) -> list[bool]:
    return [by_id(asked(each), "o").is_risky for each in requests]


def test_what_no_small_letter_chooses() -> None:
    assert risky([opens("/data/x/f"), opens(f"{WORK}/keys/f")]) == [False, False]
    assert risky([opens("/data/x/f", WRITE), UnixConnect(CALLER, "/run/s")]) == [True, True]
    hosts = [ConnectHost(CALLER, host, 443) for host in ("pypi.org", "evil.example")]
    assert risky(hosts) == [False, True]


def test_a_move_says_where_to() -> None:
    old, new = "/data/x/f", f"{HOME}/g\u202e"
    found = asked(PathChange(CALLER, Operation.RENAME_FROM, old, target=new, directory=False))
    assert found.wants == "rename, to ~/g\\u202e,"
