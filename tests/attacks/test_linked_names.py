"""A refused path has several names, and a refused name may lead to several objects."""

from pathlib import Path

import pytest

from tests.conftest import Account, Nono


@pytest.fixture
def hooks(as_user: Account, project: Path) -> None:
    as_user.file(project / "real/hook", "as it was\n")
    (project / "middle").symlink_to("real")
    (project / "hooks").symlink_to("middle")


SWAPS = [
    "rm {0} && mkdir {0}",
    "mv {0} away",
    "ln -sfn /tmp {0}",
    "mkdir new && mv -T new {0}",
    "ln -s /tmp new && mv -T new {0}",
]


@pytest.mark.usefixtures("hooks")
def test_no_name_on_the_way_to_what_is_refused_is_replaced(project: Path, nono: Nono) -> None:
    script = "; ".join(f"({swap.format(name)})" for swap in SWAPS for name in ("hooks", "middle"))
    done = nono("run", "--allow-cwd", "--deny", "hooks", "--", "/bin/sh", "-c", script)
    assert (project / "hooks").readlink().name == "middle", done.stderr
    assert (project / "middle").readlink().name == "real"
    assert (project / "real/hook").read_text() == "as it was\n"


LINKS = {".env": "settings", "deep/.env": "../settings", "way/.env": "../middle"}


@pytest.mark.parametrize("late", [False, True])
def test_a_refused_name_opens_nothing_wherever_it_leads(
    project: Path, nono: Nono, as_user: Account, late: bool
) -> None:
    as_user.file(project / "settings", "token\n")
    for name in ("deep", "way"):
        as_user.directory(project / name)
    (project / "middle").symlink_to("settings")
    (project / "over").symlink_to("deep/.env")
    make = ""
    for name, target in LINKS.items():
        if late:
            make += f"ln -s {target} {name}; "
        else:
            (project / name).symlink_to(target)
    script = make + "".join(f"cat {name}; cat < ./{name}; " for name in (*LINKS, "over"))
    deny = ("--allow-cwd", "--deny", "**/.env")
    done = nono("run", *deny, "--", "/bin/sh", "-c", script)
    assert "token" not in done.stdout
    for name in LINKS:
        if (project / name).is_symlink():
            assert nono("why", *deny, "--path", name).returncode == 1
    if not late:
        # What such a link leads to from the start is refused by its own name, too.
        assert nono("run", *deny, "--", "/bin/cat", "settings").stdout == ""
        assert nono("why", *deny, "--path", "settings").returncode == 1
