"""What nono starts during a run is no program that the sandbox may have written; notifications."""

from collections.abc import Iterable
from pathlib import Path

import pytest
import trio

from nono.broker import FLOOR_ACCESS, Effect, Origin, OriginKind, Policy, Rule, Subtree
from nono.broker.asking.question import Answer, Question
from nono.supervisor.asking.channel import ChannelGone
from nono.supervisor.asking.control import commands, notify, popup
from nono.supervisor.asking.control.commands import find_command
from nono.supervisor.asking.control.notify import Notify, command
from nono.supervisor.asking.control.popup import tmux_of
from tests.broker.asking.worlds import question
from tests.supervisor.asking.served import serve

FLAG = Origin(OriginKind.FLAG, "--allow")


def allowing(*paths: Path) -> Policy:
    return Policy(tuple(Rule(Subtree(str(p)), FLOOR_ACCESS, Effect.ALLOW, FLAG) for p in paths))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of commands: the only one that there is."""
    bin = tmp_path / "usr/bin"
    bin.mkdir(parents=True)
    monkeypatch.setattr(commands, "_PLACES", (str(bin),))
    return bin


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_no_command_that_the_program_may_write(place: Path, tmp_path: Path) -> None:
    tool = script(place / "tool", "true")
    assert find_command("tool", Policy()) == find_command("tool", allowing(tmp_path / "other"))
    assert find_command("tool", Policy()) == str(tool)
    assert find_command("none", Policy()) is None
    for opened in (tool, place, tmp_path):
        assert find_command("tool", allowing(opened)) is None
    real = script(tmp_path / "other-place", "true")
    tool.unlink()
    tool.symlink_to(real)
    assert find_command("tool", Policy()) == str(real)
    assert find_command("tool", allowing(real)) is None


@pytest.mark.parametrize(
    ("version", "good"),
    [("tmux 3.3a", True), ("tmux next-3.4", True), ("tmux 3.2a", False), ("", False)],
)
def test_a_tmux_that_has_popups(place: Path, version: str, good: bool) -> None:
    tmux = script(place / "tmux", f'[ "$1" = -V ] && echo {version}; exit 0')
    assert tmux_of({"TMUX": "/tmp/x,1,0"}, Policy()) == (str(tmux) if good else None)
    assert tmux_of({}, Policy()) is None
    assert popup.Popup(str(tmux)).is_attached is False


@pytest.mark.parametrize(
    ("of_all", "of_ours", "good"),
    [("off", "off", True), ("on", "on", False), ("off", "all", False), ("on", "off", False)],
)
def test_no_popup_that_the_program_draws_over(
    place: Path, of_all: str, of_ours: str, good: bool
) -> None:
    options = f'case "$2" in -g*) echo {of_all};; -p*) [ "$4" = %3 ] && echo {of_ours};; esac'
    tmux = script(place / "tmux", f'case "$1" in -V) echo tmux 3.4;; *) {options};; esac')
    env = {"TMUX": "/tmp/x,1,0", "TMUX_PANE": "%3"}
    assert tmux_of(env, Policy()) == (str(tmux) if good else None)
    script(tmux, '[ "$1" = -V ] && echo tmux 3.4')  # no answer about the option
    assert tmux_of(env, Policy()) is None


def test_what_a_notification_says() -> None:
    """The desktop reads markup."""
    words = command("/usr/bin/notify-send", question(path="/d/<b>\x1b&x/y"), "7f3a")
    assert words[-2:] == [
        "nono asks",
        "python3 wants to read /d/&lt;b&gt;\\x1b&amp;x\nnono watch 7f3a",
    ]
    assert words[-3] == "--"


class Offered:
    """A run whose socket is served."""

    path = "/run/x.sock"
    has_answerers = False

    def __init__(self, server: object) -> None:
        self._server = server

    def server(self) -> object:
        return self._server


async def test_a_notification_waits_for_somebody(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "told"
    channel = Notify(str(script(place / "notify-send", f'printf "%s" "$4" > {told}')), "7f3a")
    with pytest.raises(ChannelGone):
        await channel.ask(question())
    runtime = tmp_path / "run"
    runtime.mkdir()
    async with serve(runtime) as (server, connect, _):
        channel.offered = Offered(server)  # type: ignore[assignment]
        answers: list[Answer | None] = []

        async def ask(asked: Iterable[Question]) -> None:
            answers.extend([await channel.ask(each) for each in asked])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, [question()])
            while not (told.exists() and "nono watch 7f3a" in told.read_text()):
                await trio.sleep(0.005)
            peer = await connect()
            await peer.hello()
            assert (await peer.hear())["params"]["id"] == 17
            await peer.say("answer", question=17, offer="o")
        assert answers == [Answer("o", "control socket", "peer")]
        monkeypatch.setattr(notify, "SECONDS", 0.01)
        await ask([question(18)])
        assert answers[1:] == [None]
