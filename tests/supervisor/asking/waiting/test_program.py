"""What is known of who asks, and until when."""

from __future__ import annotations

from dataclasses import dataclass, field

from nono.supervisor.asking.waiting.program import AskingProgram
from tests.supervisor.asking.worlds import Thread


@dataclass
class Child:
    """Counts who looks for its parents."""

    pid: int = 7
    exe: str = "/usr/bin/python3"
    argv: tuple[str, ...] = ("python3", "-B", "train.py")
    cwd: str = "/w"
    looks: list[int] = field(default_factory=list)

    @property
    def parents(self) -> tuple[str, ...]:
        self.looks.append(1)
        return ("make",)


def test_parents_are_looked_for_once_and_only_for_who_wants_them() -> None:
    child = Child()
    program = AskingProgram(child)
    assert (program.script, program.process.pid, child.looks) == ("train.py", 7, [])
    assert program.parents == program.parents == ("make",) and child.looks == [1]
    program.forget()
    assert program.parents == ("make",)


def test_after_its_call_nobody_looks_at_what_may_be_another_by_then() -> None:
    child = Child()
    program = AskingProgram(child)
    assert program.process.exe == child.exe
    program.forget()
    assert program.parents == () and not child.looks and program.process.exe == child.exe
    late = AskingProgram(child)
    late.forget()
    assert (late.process.pid, late.process.exe, late.script, late.parents) == (0, "", "", ())
    assert AskingProgram(Thread(1)).parents == ()  # of whom nothing more is known
