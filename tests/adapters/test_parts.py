"""What the adapters have in common, without a framework and without a sandbox."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

import nono
from nono.adapters import python_worker, refusals
from nono.adapters.workspace import Gone, Workspace, record
from nono.broker import Access, Open
from nono.broker.explaining.explain import Explanation
from nono.broker.requests import NOBODY
from nono.broker.rules.rule import Effect, builtin
from nono.broker.verdicts import Deny

NAME = "nono-workspace-abcd_123"


def denial(number: int) -> nono.Denial:
    told = Explanation(
        f"read /x/{number}", "no rule allows it", ("--read", f"/x/{number}"), "broker"
    )
    verdict = Deny(builtin("nothing", Effect.DENY), 13)
    return nono.Denial(Open(NOBODY, f"/x/{number}", Access.READ), verdict, 1, told)


def test_what_is_told_has_a_bound() -> None:
    assert refusals.told([]) == "" and refusals.below("said", []) == "said"
    assert refusals.below("said", [denial(1)]) == (
        'said\nnono: refused: read /x/1: no rule allows it; a person may allow it: .read("/x/1")\n'
    )
    assert refusals.told([denial(1)], flags=True).endswith("may allow it: --read /x/1\n")
    both = replace(denial(1), reason_in_flags="denied by flag --deny /x")
    assert refusals.told([both], flags=True).startswith("nono: refused: read /x/1: denied by flag")
    assert refusals.told([both]).startswith("nono: refused: read /x/1: no rule allows it;")
    lines = refusals.told([denial(number) for number in range(100)]).splitlines()
    assert len(lines) == refusals.MAX_TOLD + 1 and lines[-1] == "nono: and 92 more refusals"


def test_a_program_does_not_speak_as_nono() -> None:
    for line in (
        "nono: refused: x",
        "  NoNo : y",
        "\x1b[1;31mno\x1b[0mno: z",
        "\u200bnono:",
        "> nono:",
    ):
        assert refusals.printed(f"a\n{line}\nb") == f"a\nprogram: {line}\nb"
        assert refusals.printed(f"a\r{line}") == f"a\rprogram: {line}"
        assert refusals.below(line, []) == f"program: {line}"
    for line in ("see nono: x", "nonono: x", "nono is", "nono", "", "nope:"):
        assert refusals.printed(f"{line}\n{line}") == f"{line}\n{line}"
    started = time.process_time()
    for long in ("\r", " ", "\x1b[;~", "\x1b[", "n\x1b", "no"):
        refusals.printed(long * 200_000)
    assert time.process_time() - started < 10


@pytest.mark.parametrize("name", ["", ".", "..", "/", "../x", "x", NAME, NAME + "/..", NAME + "x"])
def test_a_name_from_elsewhere_leads_to_no_workspace(name: str, tmp_path: Path) -> None:
    """Not to what was not made here, and not to a link or a file in its place."""
    (tmp_path / "x").mkdir()
    os.symlink(tmp_path / "x", tmp_path / NAME)
    with pytest.raises(Gone):
        Workspace(below=tmp_path, name=name)
    (tmp_path / NAME).unlink()
    (tmp_path / NAME).touch()
    with pytest.raises(Gone):
        Workspace(below=tmp_path, name=name)


def test_a_workspace_that_was_replaced_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "work").mkdir()
    os.symlink("work", tmp_path / "link")
    given = Workspace(directory=tmp_path / "link")
    (tmp_path / NAME).mkdir()
    with pytest.raises(Gone):  # a name that somebody else took
        Workspace(below=tmp_path, name=NAME)
    record(str(tmp_path / NAME))
    made = Workspace(below=tmp_path, name=NAME)
    assert given.name == given.directory == str(tmp_path / "work") and made.name == NAME
    for workspace in (given, made):
        assert workspace.is_there
        os.rename(workspace.directory, tmp_path / "moved")
        os.symlink("/etc", workspace.directory)
        with pytest.raises(Gone):
            workspace.box()
        workspace.destroy()
        assert os.path.exists("/etc/passwd")
        (tmp_path / "moved").rmdir()


def test_pieces_of_python() -> None:
    namespace: dict[str, object] = {}
    assert python_worker.run("x = [1]\nx", "<1>", namespace) == {"output": "[1]"}
    assert python_worker.run("x.append(2)", "<2>", namespace) == {}
    assert python_worker.run("", "<3>", namespace) == {}
    said = python_worker.run("def f():\n    raise ValueError(x)\nf()", "<4>", namespace)["error"]
    assert "raise ValueError(x)" in said and "[1, 2]" in said and "python_worker" not in said
    assert "SyntaxError" in python_worker.run("x +", "<5>", namespace)["error"]
    kind = python_worker.FINAL
    final = f"class {kind}(BaseException):\n    value = 'safe:1'\nraise {kind}"
    assert python_worker.run(final, "<6>", namespace) == {"final": "safe:1"}
