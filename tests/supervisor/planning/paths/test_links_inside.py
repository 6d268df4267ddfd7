"""Links in what is protected: what they lead to is protected, where it is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from nono.broker import Access, Allow, Open
from nono.broker.requests import RecordedProcess
from nono.supervisor import Options, Plan, make_plan
from nono.supervisor.planning.paths import links_inside
from nono.supervisor.planning.projects import start_files


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path.resolve() / "home"
    (home / "src/p/.git/hooks").mkdir(parents=True)
    (home / "src/p/scripts").mkdir()
    return home


def plan(home: Path, workdir: str = "src/p", **options: object) -> Plan:
    chosen = {"allow_cwd": True, **options}
    made = Options(workdir=str(home / workdir), **chosen)  # type: ignore[arg-type]
    return make_plan(made, (), {"HOME": str(home)})


def may_write(made: Plan, path: Path) -> bool:
    verdict = made.policy.decide(Open(RecordedProcess(1), str(path), Access.WRITE))
    return isinstance(verdict, Allow)


def link(place: Path, target: str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


@pytest.mark.parametrize(
    ("place", "target", "led"),
    [
        (".git/hooks/pre-commit", "../../scripts/pre-commit", "scripts/pre-commit"),
        (".husky/pre-commit", "../scripts/new", "scripts/new"),
        (".claude/settings.json", "../scripts/s.json", "scripts/s.json"),
        (".vscode/one/two", "../../scripts", "scripts/below"),
        ("~/.local/bin/tool", "../../src/p/scripts/tool", "scripts/tool"),
        ("~/.config/systemd/user/a.service", "../../../src/p/a.service", "a.service"),
    ],
)
def test_what_a_link_leads_to(home: Path, place: str, target: str, led: str) -> None:
    top = home / "src/p"
    assert may_write(plan(home), top / led), "without the link it may be written"
    link(home / place[2:] if place.startswith("~/") else top / place, target)
    made = plan(home)
    assert not may_write(made, top / led)
    assert may_write(made, top / "scripts-of-mine") and may_write(made, top / "src/x")


def test_every_link_on_the_way_stays(home: Path) -> None:
    top = home / "src/p"
    link(top / ".git/hooks/pre-commit", "../../tools/run")
    link(top / "tools", "scripts")
    link(top / "scripts/run", "../lib/last")
    link(top / ".vscode", "more/vscode")
    link(top / "more", "team")
    made = plan(home)
    for name in ("tools", "scripts/run", "lib/last", "more", "team/vscode", ".vscode"):
        assert not may_write(made, top / name), name
    assert may_write(made, top / "scripts/other")


def test_a_link_that_goes_up_again_leads_where_the_kernel_says(home: Path) -> None:
    top = home / "src/p"
    link(top / "away", "../other/deep")
    (home / "src/other/deep").mkdir(parents=True)
    link(top / ".claude/settings.json", "../away/../s.json")
    made = plan(home, allow=[str(home / "src/other")])
    assert not may_write(made, home / "src/other/s.json") and not may_write(made, top / "away")
    assert may_write(made, top / "s.json")


def test_links_in_a_directory_that_a_link_leads_to(home: Path) -> None:
    top = home / "src/p"
    link(top / ".claude/commands", "../ai")
    link(top / "ai/one.md", "../text/one.md")
    made = plan(home)
    assert not may_write(made, top / "text/one.md")
    assert not may_write(made, top / "ai/two.md")


@pytest.mark.parametrize("target", ["..", "../..", "../../..", ".", "loop", "/", "../.vscode"])
def test_a_link_around_itself_closes_nothing(home: Path, target: str) -> None:
    link(home / "src/p/.vscode/loop", target)
    for made in (plan(home), plan(home, "src"), plan(home, "")):
        assert may_write(made, home / "src/p/src/x")
        assert not may_write(made, home / "src/p/.vscode/x")


def test_what_is_not_followed_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One directory with very many names keeps no other from being looked at."""
    monkeypatch.setattr(links_inside, "_MAX_NAMES", 20)
    top = home / "src/p"
    (top / ".claude").mkdir()
    for number in range(30):
        (top / ".claude" / f"{number}").touch()
    link(top / ".vscode/tasks.json", "../scripts/t.json")
    made = plan(home)
    assert not may_write(made, top / "scripts/t.json")
    assert f"{top}/.claude: not every link in it was followed" in made.notes


def test_links_in_what_a_person_named_are_not_followed(home: Path) -> None:
    """A run may make them there, and would close to the next one what it likes."""
    top = home / "src/p"
    link(top / ".vscode/snippets/mine", "../../scripts")
    for named in (".vscode/snippets", ".vscode"):
        assert may_write(plan(home, allow=[named]), top / "scripts/x")
    assert not may_write(plan(home), top / "scripts/x")


LEADING = (
    (".vscode", "a/" * 40 + "x"),
    (".envrc", "a/" * 40 + "x"),
    (".git/hooks/pre-commit", "../../" + "a/" * 90 + "../x"),
)


@pytest.mark.parametrize(("place", "target"), LEADING)
def test_where_ways_lead_through_too_much_nothing_is_changed(
    home: Path, place: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may lead anywhere in what is opened, and the start goes on."""
    top = home / "src/p"
    link(top / place, target)
    assert may_write(plan(home), top / "other")
    monkeypatch.setattr(start_files, "MAX_FOLLOWED", 600)
    made = plan(home)
    assert not may_write(made, top / "other") and not may_write(made, top / "a/b")
    assert any(note.startswith(f"{top / place}: leads through more") for note in made.notes)


def test_so_it_is_with_what_git_s_configuration_names(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = home / "src/p/.git/config"
    for name in ("objects", "refs"):
        (config.parent / name).mkdir()
    (config.parent / "HEAD").write_text("ref: refs/heads/m\n")
    config.write_text("".join(f"[core]\nhooksPath = {n}{'/a' * 40}/../x\n" for n in range(9)))
    monkeypatch.setattr(start_files, "MAX_FOLLOWED", 2000)
    made = plan(home)
    assert not may_write(made, home / "src/p/other")
    assert any(note.startswith(f"{config}: leads through more") for note in made.notes)
