"""A profile that is named by its file stays what it is: the next run goes by it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.conftest import BY_A_USER, Account, Nono

pytestmark = [pytest.mark.requires(landlock=2), BY_A_USER]

PLAIN = {"extends": "default"}
WIDE = json.dumps({"extends": "default", "filesystem": {"allow": ["~"]}})
OPENED = {
    "the working directory": (PLAIN, ["--allow-cwd"]),
    "by its name": (PLAIN, ["--allow-cwd", "--allow-file", "p.json"]),
    "by itself": ({**PLAIN, "workdir": {"access": "readwrite"}}, []),
    "by its own paths": ({**PLAIN, "filesystem": {"allow": ["$WORKDIR"]}}, []),
    "by the one that extends it": ({"extends": "./base.json"}, ["--allow-cwd"]),
}
WAYS = {
    "written": "printf %s {wide} >{file}",
    "renamed over": "printf %s {wide} >new; mv -f new {file}",
    "removed": "rm -f {file}; printf %s {wide} >{file}",
    "by its other name": "printf %s {wide} >other",
    "where the link leads": "ln -sfn wide.json link.json; printf %s {wide} >{file}",
}


@pytest.mark.lots(kind="opened")
@pytest.mark.parametrize(("profile", "options"), OPENED.values(), ids=OPENED)
def test_no_run_writes_its_own_profile(
    nono: Nono, as_user: Account, project: Path, profile: dict[str, object], options: list[str]
) -> None:
    secret = as_user.secret("private.txt")
    place = as_user.directory(project / "work")
    as_user.file(place / "p.json", json.dumps(profile))
    as_user.file(place / "base.json", json.dumps(PLAIN))
    as_user.file(place / "wide.json", WIDE)
    (place / "link.json").symlink_to("p.json")
    for name in ("p.json", "base.json"):
        for way, line in WAYS.items():
            (place / "other").unlink(missing_ok=True)
            (place / "other").hardlink_to(place / name)
            script = line.format(wide=shlex.quote(WIDE), file=name)
            words = ("run", "--profile", "./link.json", *options, "--", "sh", "-c")
            nono(*words, script, cwd=place)
            done = nono(*words, f"cat {secret.path}", cwd=place)
            assert secret.text not in done.stdout, (name, way, done.stderr)
            if name == "p.json" or "extends it" in str(options):
                assert json.loads((place / "p.json").read_text()) == profile, way


def test_it_is_told(nono: Nono, as_user: Account, project: Path) -> None:
    as_user.file(project / "p.json", json.dumps(PLAIN))
    done = nono("run", "--profile", "./p.json", "--allow-cwd", "--", "sh", "-c", "echo >>p.json")
    assert done.returncode != 0
    assert "rule profiles are the person's to write" in done.stderr
