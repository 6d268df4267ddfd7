"""What a run gets of the person's SSH agent, and of graphics cards: when it is asked for."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from nono.broker import Access, Allow, Deny, Open, UnixConnect, groups
from nono.broker.requests import NOBODY
from nono.supervisor import Options, Plan, UsageError, make_plan


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home with keys, and an agent that listens."""
    made = tmp_path.resolve() / "home"
    keys = made / ".ssh"
    keys.mkdir(parents=True)
    for name in ("id_ed25519", "id_ed25519.pub", "known_hosts", "config", "authorized_keys"):
        (keys / name).write_text("x")
    (keys / "linked.pub").symlink_to("id_ed25519")
    (keys / "known_hosts2").symlink_to("id_ed25519")
    here = os.getcwd()
    os.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as agent:
        agent.bind("agent")
        os.chdir(here)
        yield made


def plan(home: Path, agent: str | None = "agent", **options: object) -> Plan:
    env = {"HOME": str(home), "PATH": "/usr/bin"}
    if agent is not None:
        env["SSH_AUTH_SOCK"] = str(home.parent / agent)
    return make_plan(Options(workdir="/", **options), (), env)  # type: ignore[arg-type]


def may_read(made: Plan, path: Path | str) -> bool:
    return isinstance(made.policy.decide(Open(NOBODY, str(path), Access.READ)), Allow)


def test_the_agent_and_nothing_of_the_keys(home: Path) -> None:
    made = plan(home, allow_ssh_agent=True)
    agent = str(home.parent / "agent")
    assert isinstance(made.policy.decide(UnixConnect(NOBODY, agent)), Allow)
    assert made.environment.apply({"SSH_AUTH_SOCK": agent}) == {"SSH_AUTH_SOCK": agent}
    read = {name for name in os.listdir(home / ".ssh") if may_read(made, home / ".ssh" / name)}
    assert read == {"id_ed25519.pub", "known_hosts"}
    assert may_read(made, "/etc/ssh/ssh_known_hosts")
    assert not may_read(made, "/etc/ssh/ssh_host_ed25519_key")
    writing = Open(NOBODY, str(home / ".ssh/known_hosts"), Access.WRITE)
    assert isinstance(made.policy.decide(writing), Deny)

    unasked = plan(home)
    assert not isinstance(unasked.policy.decide(UnixConnect(NOBODY, agent)), Allow)
    assert unasked.environment.apply({"SSH_AUTH_SOCK": agent}) == {}
    assert not may_read(unasked, home / ".ssh/known_hosts")


def test_in_a_profile_it_is_for_machines_without_one_as_well(home: Path) -> None:
    profile = home.parent / "p.json"
    profile.write_text('{"filesystem": {"ssh_agent": true}}')
    assert plan(home, profile=str(profile)).notes == ()
    (note,) = plan(home, None, profile=str(profile)).notes
    assert "filesystem.ssh_agent: there is no SSH agent: SSH_AUTH_SOCK is not set" in note
    profile.write_text('{"filesystem": {"ssh_agent": false}}')
    assert plan(home, None, profile=str(profile)).notes == ()


@pytest.mark.parametrize("agent", [None, "missing", "home/.ssh/id_ed25519", "home"])
def test_what_is_no_agent_is_said(home: Path, agent: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        plan(home, agent, allow_ssh_agent=True)
    assert "SSH_AUTH_SOCK" in caught.value.message and "ssh-agent" in caught.value.hint


CARDS = ("/dev/nvidia0", "/dev/nvidiactl", "/dev/nvidia-caps/nvidia-cap1", "/dev/kfd")
RENDER = ("/dev/dri/renderD128", "/dev/accel/accel0")
ON_THE_BUS = "/sys/devices/pci0000:00/0000:00:02.0"


@pytest.mark.requires(landlock=1)  # the nodes are Linux'
def test_graphics_cards_are_a_group(home: Path) -> None:
    profile = home.parent / "p.json"
    profile.write_text('{"groups": {"include": ["gpu"]}}')
    for made in (plan(home, gpu=True), plan(home, profile=str(profile))):
        for node in (*CARDS, *RENDER):
            request = Open(NOBODY, node, Access.READ | Access.WRITE)
            assert isinstance(made.policy.decide(request), Allow), node
        assert may_read(made, f"{ON_THE_BUS}/vendor") and may_read(made, f"{ON_THE_BUS}/drm/card0")
        assert may_read(made, "/sys/devices/virtual/kfd/kfd/topology/nodes/0/properties")
        # The memory of devices, the screen, and other devices are nobody's business.
        for closed in (
            f"{ON_THE_BUS}/resource0",
            f"{ON_THE_BUS}/config",
            "/dev/dri/card0",
            "/dev/sda",
        ):
            assert not may_read(made, closed), closed
    assert not may_read(plan(home), "/dev/nvidia0")
    reasons = groups()["gpu"].reasons
    assert set(reasons) == {
        *groups()["gpu"].readwrite,
        *groups()["gpu"].read,
        *groups()["gpu"].read_file,
    }


def test_a_link_that_a_run_may_have_made_is_no_agent(home: Path) -> None:
    project = home / "project"
    project.mkdir()
    (project / "agent").symlink_to(home.parent / "agent")
    env = {"HOME": str(home), "PATH": "/usr/bin", "SSH_AUTH_SOCK": str(project / "agent")}
    with pytest.raises(UsageError, match="leads on by a link"):
        make_plan(Options(workdir=str(project), allow_cwd=True, allow_ssh_agent=True), (), env)
