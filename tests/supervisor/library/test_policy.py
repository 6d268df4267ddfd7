"""Policies in Python, and what may not be said."""

import pickle
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import nono
from nono.broker import Access, Mode, Open
from nono.broker.explaining.in_python import chain
from nono.broker.requests import NOBODY
from nono.broker.settings import KEYS
from nono.supervisor import make_plan
from nono.supervisor.library.policy import as_plan, check_argv
from nono.supervisor.library.words import python_words


def may(plan: nono.Plan, path: str | Path, access: Access = Access.READ) -> bool:
    verdict = plan.policy.decide(Open(NOBODY, str(path), access))
    return type(verdict).__name__ == "Allow"


@pytest.mark.parametrize(
    "given",
    [
        {"allow": "./"},
        {"read": Path("x")},
        {"deny": b"x"},
        {"allow_domain": "example.org"},
        {"open_port": 80},
        {"allow": [1.5]},
        {"read": [None]},
        {"allow_cwd": "no"},
        {"block_net": 1},
    ],
)
def test_what_cannot_be_meant(given: dict[str, Any]) -> None:
    """Each letter of a string would be a path, and / one of them."""
    with pytest.raises(TypeError, match=next(iter(given))):
        nono.Options(**given)


def test_paths_of_every_kind(tmp_path: Path) -> None:
    options = nono.Options(read=[tmp_path, b"/srv", "x"], open_port=[80, "90-99"])  # type: ignore[list-item]
    assert options.read == (str(tmp_path), "/srv", "x")
    assert options.open_port == (80, "90-99")
    where = nono.Options(workdir=tmp_path, profile=Path("p.json"))  # type: ignore[arg-type]
    assert where.workdir == str(tmp_path) and str(where.profile).endswith("/p.json")


def test_a_policy_grows_and_never_changes(tmp_path: Path) -> None:
    nothing = nono.Policy()
    some = nothing.allow(tmp_path).deny(tmp_path / "no")
    assert not may(nothing.plan(), tmp_path)
    plan = some.plan()
    assert may(plan, tmp_path / "x", Access.WRITE) and not may(plan, tmp_path / "no")
    assert may(nono.Policy().workdir(tmp_path, allow=True).plan(), tmp_path)
    assert nono.Policy().workdir(tmp_path).plan().workdir == str(tmp_path.resolve())


def test_there_is_no_network_until_it_is_named() -> None:
    modes = {
        nono.Policy(): Mode.BLOCKED,
        nono.Policy().read("/usr"): Mode.BLOCKED,
        nono.Policy().hosts("example.org"): Mode.FILTERED,
        nono.Policy().network_profile("developer"): Mode.FILTERED,
        nono.Policy().ports(8000): Mode.FILTERED,
        nono.Policy().any_network(): Mode.UNRESTRICTED,
        nono.Policy().hosts(): Mode.BLOCKED,
    }
    for policy, mode in modes.items():
        assert policy.plan().policy.network.mode is mode, policy


def test_the_interpreter_is_opened_with_its_packages() -> None:
    plan = nono.Policy.python().plan(["sh"])
    for path in (sys.executable, pytest.__file__):
        assert may(plan, Path(path).resolve()), path


def test_a_profile_is_found_and_checked_at_once(tmp_path: Path) -> None:
    profile = nono.Profile.load("python-dev")
    assert nono.Policy.of(profile).plan().policy.network.mode is Mode.FILTERED
    file = tmp_path / "mine.json"
    file.write_text('{"network": {"block": true}, "filesystem": {"read": ["/srv"]}}')
    for reference in (file, str(file)):
        plan = as_plan(nono.Profile.load(reference))
        assert may(plan, "/srv/x") and plan.policy.network.mode is Mode.BLOCKED
    with pytest.raises(nono.PolicyError) as caught:
        nono.Profile.load("pyton-dev")
    assert "python-dev" in caught.value.hint
    file.write_text('{"filesystem": {"raed": []}}')
    with pytest.raises(nono.PolicyError):
        nono.Profile.load(file)


def test_a_plan_and_an_error_can_be_sent(tmp_path: Path) -> None:
    policy = nono.Policy.python().allow(tmp_path).hosts("example.org").deny("**/.env")
    assert pickle.loads(pickle.dumps(policy)) == policy
    plan = policy.plan(["sh"])
    assert pickle.loads(pickle.dumps(plan)) == plan
    with pytest.raises(nono.NonoError) as caught:
        nono.Policy().hosts("http://example.org").plan()
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), again.message, again.hint) == (
        type(caught.value),
        caught.value.message,
        caught.value.hint,
    )
    ended = nono.Completed(("x",), 3, None, None, ())
    sent = pickle.loads(pickle.dumps(nono.CalledProcessError(ended)))
    assert (sent.returncode, sent.completed, str(sent)) == (3, ended, "x ended with 3")


def test_whatever_stands_for_a_policy() -> None:
    plan = nono.Policy().plan()
    assert as_plan(plan) is plan
    assert as_plan(None).policy.network.mode is Mode.BLOCKED
    assert as_plan(nono.Options()).policy.network.mode is Mode.UNRESTRICTED
    assert as_plan(make_plan(nono.Options()).policy).workdir
    kinds: tuple[object, ...] = ("developer", ["sh"], {})
    for wrong in kinds:
        with pytest.raises(TypeError):
            as_plan(wrong)  # type: ignore[arg-type]


def test_a_command_is_words() -> None:
    assert check_argv(["ls", Path("x")]) == ["ls", "x"]
    for wrong in ("ls -l", Path("ls"), b"ls"):
        with pytest.raises(TypeError):
            check_argv(wrong)  # type: ignore[arg-type]
    with pytest.raises(nono.UsageError):
        check_argv([])


SPELLED = {
    "ls --color --no-such": "ls --color --no-such",
    "--read-file '/a b'": '.read_files("/a b")',
    "--bypass-protection '~/.x' --list '~/.x'": '.bypass_protection("~/.x").list("~/.x")',
    "--allow no such: there is none": '.allow("no such"): there is none',
    "--workdir x: no such directory": '.workdir("x"): no such directory',
    "--memory: 4 is too little": "memory: 4 is too little",
    "--max-open-files 16": ".limits(open_files=16)",
    "such as --allow-domain api.example.org": 'such as .hosts("api.example.org")',
    "open a port of it: --open-port 80": "open a port of it: .ports(80)",
    "did you mean --proxy-credential x=file:///a?": 'did you mean .credentials("x=file:///a")?',
    "--allow-cwd opens all of it": "allow_cwd opens all of it",
    "denied by flag --deny **/.env": 'denied by .deny("**/.env")',
    "denied by flag --block-net": "denied by block_net",
    "systemd-run --scope nono run ...": "systemd-run --scope python3 ...",
    "one is there: nono run --profile claude -- x": "one is there: nono.Policy.of('claude')",
    "nono run -p agent -- npm install -g @x/y": "nono run -p agent -- npm install -g @x/y",
}


def test_errors_speak_of_python() -> None:
    assert python_words("add --allow-cwd or --best-effort") == "add allow_cwd or best_effort"
    for said, expected in SPELLED.items():
        assert python_words(said, ["--deny **/.env", "--block-net"]) == expected
    with pytest.raises(nono.NonoError) as caught:
        nono.Policy().read("/nowhere/at/all").plan()
    assert "--" not in caught.value.message + caught.value.hint


def test_what_is_said_of_a_flag_can_be_pasted() -> None:
    """Each flag with its value is a call of Policy's, or a field, that says just this."""
    for key in KEYS:
        if not key.option:
            continue
        value = {"network.by": "proxy"}.get(key.name, "8000")
        words = (key.flag, value) if key.stands_for is None else (key.flag,)
        pasted = eval(f"nono.Policy(nono.Options()){chain(words)}", {"nono": nono})
        said = getattr(pasted.options, key.option)
        assert said in (True, value, int(value) if value.isdecimal() else "", (value,), (8000,)), (
            key
        )
        others = replace(pasted.options, **{key.option: getattr(nono.Options(), key.option)})
        assert others == nono.Options(), key
        if key.repeated and key.method:
            more = eval(f"pasted{chain((key.flag, '9'))}", {"pasted": pasted})
            assert len(getattr(more.options, key.option)) == 2, "it adds to what there was"
    assert chain(()) == "" == chain(("--no-such", "x")) == chain(("ls",)) == chain(("--read",))
    assert chain(("--read", 'a"\n\\')) == """.read('a"\\n\\\\')"""


def test_a_directory_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As by the command: a name alone is a mistake, and what is said from `~` on is made."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(nono.UsageError) as caught:
        nono.Policy().allow("nope").plan()
    assert caught.value.message == '.allow("nope"): No such file or directory'
    for whole in ("~/.tool", tmp_path / ".tool"):
        assert nono.Policy().allow(whole).plan().to_make == (f"{tmp_path}/.tool",)
    assert [*tmp_path.iterdir()] == []
