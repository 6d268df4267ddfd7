"""A question as a numbered list and a line for the answer: nothing is drawn, nothing erased."""

from __future__ import annotations

from nono.broker.asking import plain
from nono.broker.asking.gate import Chosen, Outcome
from nono.broker.asking.keys import Choice
from nono.supervisor.asking.prompt import Prompt, Where

_INTERRUPTS = (b"\x03", b"\x04")


class PlainPrompt(Prompt):
    """As a Prompt. Until keys count they go to the program; then lines are read."""

    _second: Choice | None = None

    def show(self, now: float, printed: bytes, of: int) -> None:
        self._of = of
        self._is_shown = True
        self.has_lines = False
        self._second = None
        enter = b"\x1b[?1049h" + self._modes.set_aside() if self.where is not Where.BELOW else b""
        enter += b"" if printed[-1:] in (b"", b"\n") else b"\r\n"
        self._outer.write(enter + b"\x07")
        self.draw(now)

    def draw(self, now: float) -> None:
        if not self.has_lines:
            self._print(plain.listed(self.question, self._choices, self._run))
            self._gate.shown(now)

    def _print(self, lines: list[str]) -> None:
        self._outer.write("".join(f"{line}\r\n" for line in lines).encode())

    def wakes_at(self) -> float:
        return float("inf") if self.has_lines else self._gate.opens_at()

    def tick(self, now: float) -> None:
        """From now on a line is an answer; what was typed before is gone."""
        if not self.has_lines and now >= self._gate.opens_at():
            self.has_lines = True
            self._outer.lines()
            self._outer.write(plain.PROMPT.encode())

    def line(self, data: bytes, now: float) -> list[Outcome]:
        text = data.decode(errors="replace")
        if not text.strip() or any(each in data for each in _INTERRUPTS):
            return [Chosen(None)]
        if len(text.splitlines()) > 1:  # a paste
            return [Chosen(None)]
        if self._second is not None:
            return self._confirm(text)
        choice = plain.chosen(text, self._choices)
        if choice is None:
            self._outer.write(plain.AGAIN.encode())
            return []
        if not plain.takes_two_lines(choice):
            return [Chosen(choice)]
        self._second = choice
        self._print(plain.confirmed(choice))
        self._outer.write(plain.SECOND.encode())
        return []

    def _confirm(self, text: str) -> list[Outcome]:
        choice, self._second = self._second, None
        if text.strip() == plain.YES:
            return [Chosen(choice)]
        self._outer.write(plain.PROMPT.encode())
        return []

    def hide(self, words: str = "", allowed: bool = False, painted: object = None) -> None:
        if not self._is_shown:
            return
        self._is_shown = False
        if self.has_lines:
            self._outer.keys()
            self.has_lines = False
        if words:
            self._print([f"nono: {'allowed' if allowed else 'refused'}: {words}"])
        if self.where is not Where.BELOW:
            self._outer.write(self._modes.put_back() + b"\x1b[?1049l")
