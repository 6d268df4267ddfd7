"""A run's own caches: when there are any, where they are, and which variables lead there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from nono.broker import FLOOR_ACCESS, Access, Allow, Environment, Metadata, Open, PolicyError
from nono.broker.profile.spelling import check_base
from nono.broker.requests import NOBODY, SET_ID
from nono.supervisor.decisions.always import complete
from nono.supervisor.errors import NonoError
from nono.supervisor.planning.make_plan import make_plan
from nono.supervisor.planning.moved_caches import directory_in, elsewhere
from nono.supervisor.planning.options import Options
from nono.supervisor.planning.paths.own_caches import own_caches
from nono.supervisor.planning.plan import Plan

DEVELOPERS = ("agent", "go-dev", "java-dev", "node-dev", "python-dev", "rust-dev")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = Path(os.path.realpath(tmp_path))
    (home / "work").mkdir()
    monkeypatch.chdir(home / "work")
    return home


def plan(home: Path, env: dict[str, str] | None = None, **options: object) -> Plan:
    given = {"HOME": str(home), "PATH": "/usr/bin", **(env or {})}
    return make_plan(Options(**options), (), given)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", DEVELOPERS)
def test_the_profiles_for_developers_have_some(home: Path, name: str) -> None:
    made = plan(home, profile=name)
    assert made.caches is not None
    assert made.caches.directory == f"{home}/.cache/nono/caches/{name}"
    assert not (home / ".cache").exists(), "a plan makes nothing"


def test_a_plain_run_has_none_and_a_flag_gives_them(home: Path) -> None:
    assert plan(home).caches is None
    assert plan(home, profile="default").caches is None
    one, other = plan(home, caches=True).caches, plan(home, caches=True, workdir=str(home)).caches
    assert one and other and one.directory != other.directory
    assert one.name.startswith("@")


def test_a_profile_says_so_and_who_extends_it_has_its_own(home: Path) -> None:
    for name, text in (
        ("a", {"filesystem": {"caches": True}}),
        ("b", {"extends": "./a.json"}),
        ("c", {"extends": "./a.json", "filesystem": {"caches": False}}),
    ):
        (home / f"{name}.json").write_text(json.dumps(text))
    plans = {name: plan(home, profile=f"{home}/{name}.json").caches for name in "abc"}
    assert plans["c"] is None
    assert plans["a"] and plans["b"] and plans["a"].directory != plans["b"].directory


@pytest.mark.parametrize(
    "name", ["..", ".", "", "-x", "a b", "@agent", "a@b", "a\nb", "a\0b", "\u0430gent", ".cache"]
)
def test_no_profile_has_a_name_that_is_no_plain_one(name: str) -> None:
    with pytest.raises(PolicyError):
        check_base(name)


@pytest.mark.parametrize(
    "reference", ["./..json", "a/../../b", "/x/agent.json", "../..", "x" * 300]
)
def test_every_reference_becomes_one_plain_name(home: Path, reference: str) -> None:
    name = own_caches(reference, {}, str(home), str(home)).name
    assert name == os.path.basename(name) and 0 < len(name.encode()) < 200
    assert name not in (".", "..") and "@" in name


def test_two_files_of_one_name_do_not_share(home: Path) -> None:
    one, other = (own_caches(f"/{d}/agent.json", {}, str(home), "/") for d in "ab")
    assert one.name != other.name


def test_where_the_person_has_caches(home: Path) -> None:
    os.symlink(home / "work", home / "link")
    for value, expected in (
        (f"{home}/link", f"{home}/work/nono/caches/agent"),
        ("relative", f"{home}/.cache/nono/caches/agent"),
    ):
        found = own_caches("agent", {"XDG_CACHE_HOME": value}, str(home), "/")
        assert found.directory == expected
    (home / "work/nono").symlink_to("/etc")
    found = own_caches("agent", {"XDG_CACHE_HOME": f"{home}/work"}, str(home), "/")
    assert found.directory == f"{home}/work/nono/caches/agent", "no link is followed below it"


def test_a_link_that_a_run_could_have_put_there_leads_nowhere(home: Path) -> None:
    (home / "letters").mkdir()
    (home / "work/cache").symlink_to(home / "letters")
    with pytest.raises(NonoError, match="XDG_CACHE_HOME"):
        plan(home, {"XDG_CACHE_HOME": f"{home}/work/cache"}, profile="agent")


def variables(made: Plan, **env: str) -> dict[str, str]:
    return made.environment.apply({"PATH": "/usr/bin", **env})


def test_variables_lead_there_unless_the_person_s_may_be_used(home: Path) -> None:
    env = {
        "UV_CACHE_DIR": f"{home}/work/uv",
        "PIP_CACHE_DIR": f"{home}/pip",
        "MAVEN_OPTS": f"-Xmx1g -Dmaven.repo.local={home}/work/m2",
        "UV_LINK_MODE": "hardlink",
    }
    made = plan(home, env, profile="agent")
    given = variables(made, **env)
    own = f"{home}/.cache/nono/caches/agent"
    assert given["UV_CACHE_DIR"] == f"{home}/work/uv"
    assert given["PIP_CACHE_DIR"] == f"{own}/cache/pip"
    assert given["MAVEN_OPTS"] == env["MAVEN_OPTS"]
    assert given["UV_LINK_MODE"] == "copy"
    assert given["PATH"].startswith(f"/usr/bin:{own}/bin:")


def test_a_link_to_a_place_that_is_refused_is_no_place_that_may_be_used(home: Path) -> None:
    (home / ".ssh").mkdir()
    (home / "work/uv").symlink_to(home / ".ssh")
    env = {"UV_CACHE_DIR": f"{home}/work/uv"}
    given = variables(plan(home, env, profile="agent"), **env)
    assert given["UV_CACHE_DIR"] == f"{home}/.cache/nono/caches/agent/cache/uv"


def test_what_a_profile_sets_stays(home: Path) -> None:
    text = {"filesystem": {"caches": True}, "environment": {"set_vars": {"GOPATH": "/srv/go"}}}
    (home / "p.json").write_text(json.dumps(text))
    assert variables(plan(home, profile=f"{home}/p.json"))["GOPATH"] == "/srv/go"


def test_a_home_with_a_blank_has_no_list_of_options(tmp_path: Path) -> None:
    home = tmp_path / "my home"
    home.mkdir()
    given = variables(plan(home, profile="agent", workdir=str(home)))
    assert "MAVEN_OPTS" not in given
    assert "UV_CACHE_DIR" in given


def test_plans_are_compared_with_their_caches_in_one_place(home: Path) -> None:
    one, other = (plan(home, profile=name) for name in ("node-dev", "python-dev"))
    place = directory_in(one.policy)
    assert place == f"{home}/.cache/nono/caches/node-dev"
    assert directory_in(elsewhere(other, place).policy) == place
    bare = elsewhere(one, None)
    assert directory_in(bare.policy) is None
    assert place not in bare.policy.bypasses
    of_profile = (("DENO_NO_UPDATE_CHECK", "1"), ("NO_UPDATE_NOTIFIER", "1"))
    assert bare.environment == Environment(set=(*of_profile, ("UV_LINK_MODE", "copy")))
    assert elsewhere(plan(home), place) == plan(home)


def test_what_is_in_a_cache_decides_about_no_grant(home: Path) -> None:
    own = home / ".cache/nono/caches/agent"
    own.mkdir(parents=True)
    (home / "letters").mkdir()
    (own / "x").symlink_to(home / "letters")
    with pytest.raises(NonoError):
        plan(home, profile="agent", read=[f"{own}/x"])


def test_they_are_in_the_floor_and_those_of_others_are_not(home: Path) -> None:
    """Whatever else is opened around them, and whatever is refused in what is opened."""
    for name in ("agent", "other"):
        (home / ".cache/nono/caches" / name).mkdir(parents=True)
    made = complete(plan(home, profile="agent", allow=[str(home)], deny=[".env"]))
    own, other = (f"{home}/.cache/nono/caches/{name}/x" for name in ("agent", "other"))
    assert made.floor.covers(own, FLOOR_ACCESS)
    for access in (Access.READ, Access.WRITE, Access.EXECUTE):
        assert not made.floor.covers(other, access)
        for path in (other, f"{home}/.cache/nono/caches/later/x", f"{home}/.cache/nono/x"):
            assert not isinstance(made.policy.decide(Open(NOBODY, path, access)), Allow)
    assert not isinstance(made.policy.decide(Metadata(NOBODY, SET_ID, own)), Allow)
    anywhere = complete(plan(home, profile="agent", deny=["**/.env"]))
    assert anywhere.floor.covers(own, FLOOR_ACCESS)


def test_a_set_id_program_is_still_what_a_person_may_ask_for(home: Path) -> None:
    made = plan(home, profile="agent", bypass_protection=[f"{home}/work"])
    for path, allowed in ((f"{home}/work/x", True), (f"{home}/.cache/nono/caches/agent/x", False)):
        request = Metadata(NOBODY, SET_ID, path)
        assert isinstance(made.policy.decide(request), Allow) is allowed
