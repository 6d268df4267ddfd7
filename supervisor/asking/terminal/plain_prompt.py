"""A question as a list and a line for the answer: nothing is drawn.

A line counts only if it was typed: what is read together with more, or has more behind it, is a
paste, and answers nothing. Each question and each second step has been there for as long as one
that is drawn before a line is taken; so has each page of those that do not fit.
"""

from __future__ import annotations

from collections.abc import Sequence

from nono.broker.asking.terminal import plain
from nono.broker.asking.terminal.gate import CONTROL_Z, Chosen, Outcome, Stop
from nono.broker.asking.terminal.keyboard import Typed
from nono.broker.asking.terminal.keys import Choice
from nono.broker.asking.terminal.modes import RESET
from nono.broker.rules.rule import Effect
from nono.supervisor.asking.terminal.prompt import CLEAR, Prompt, Where

PASTE_SECONDS = 0.05
"""Nobody types on so soon after Enter."""

_ENTER = b"\n"
_ESCAPE = b"\x1b"


class PlainPrompt(Prompt):
    """As a Prompt. Until keys count they go to the program; then lines are read."""

    _second: Choice | None = None
    _pages: tuple[tuple[str, ...], ...] = ((),)
    """Of what is to be looked at: the question, or the second step."""
    _page = 0
    _is_begun = False
    """The line for the answer is on the screen, and not ended."""

    def show(self, now: float, printed: bytes, of: int) -> None:
        self._of = of
        self._is_shown = True
        self.has_lines = False
        self._second = None
        self._outer.write(self._entered(printed) + b"\x07")
        self.draw(now)

    def _entered(self, printed: bytes) -> bytes:
        """What makes the list visible, on lines of its own. A terminal that knows no sequences gets
        them only after the program has sent it some."""
        line = b"" if printed[-1:] in (b"", b"\n") else b"\r\n"
        if self.where is not Where.BELOW:
            return b"\x1b[?1049h" + RESET + self._modes.set_aside() + CLEAR
        if not self._is_reset:
            return line
        return RESET + self._modes.set_aside() + (line or b"\r") + b"\x1b[J"

    @property
    def _is_reset(self) -> bool:
        return self._outer.draws or not self._modes.is_untouched

    def draw(self, now: float) -> None:
        if not self.has_lines:
            before = [plain.NEW] if self._before else []
            self._second = None
            lines = [*before, *plain.listed(self.question, self._choices, self._run)]
            self._show_pages(lines, now)

    def _show_pages(self, lines: list[str], now: float) -> None:
        """The first of them: with "+" comes the next."""
        self._pages = plain.paged(lines, *self._outer.rows_and_columns())
        self._show_page(0, now)

    def _show_page(self, number: int, now: float) -> None:
        self._page = number
        self._later(self._pages[number], now)

    @property
    def _is_last(self) -> bool:
        return self._page == len(self._pages) - 1

    @property
    def _asked(self) -> str:
        """What is asked below this page."""
        if not self._is_last:
            return plain.more(self._page + 1, len(self._pages))
        return plain.PROMPT if self._second is None else plain.SECOND

    def _print(self, lines: Sequence[str]) -> None:
        self._outer.write("".join(f"{line}\r\n" for line in lines).encode())

    def typed(self, pieces: Sequence[Typed], now: float) -> list[Outcome]:
        """No key is an answer, at no time."""
        return self._gate.early(pieces, now)

    def wakes_at(self) -> float:
        return float("inf") if self.has_lines else self._gate.opens_at()

    def tick(self, now: float) -> None:
        """From now on a line is an answer; what was typed before is gone."""
        if not self.has_lines and now >= self._gate.opens_at():
            self._gate.opened()
            self._read()

    def _read(self, said: str = "") -> None:
        self.has_lines = self._is_begun = True
        self._outer.lines()
        self._outer.write(f"{said} {self._asked}".lstrip().encode())

    def _back(self) -> None:
        """From the second step to the question, all of which was there."""
        self._second, self._pages, self._page = None, ((),), 0

    def _later(self, lines: Sequence[str], now: float) -> None:
        """Say this, and take a line when it has been there long enough."""
        self._print(lines)
        self.has_lines = False
        self._gate.shown(now)

    def line(self, data: bytes, now: float) -> list[Outcome]:
        text = data.decode(errors="replace")
        self._is_begun = not data.endswith(_ENTER)
        is_paste = len(text.splitlines()) > 1 or _ESCAPE in data
        if self._outer.more(PASTE_SECONDS) or is_paste:
            if self._second is not None:
                self._back()
            self._is_begun = False
            self._later(["", plain.PASTED], now + PASTE_SECONDS)
            return []
        if data.endswith(CONTROL_Z):
            return [Stop()]
        if self._is_begun:  # Control-C, or the end of input
            return [Chosen(None)]
        if not text.strip():
            return [Chosen(None)]
        if text.strip() == plain.MORE and not self._is_last:
            self._show_page(self._page + 1, now + PASTE_SECONDS)
            return []
        if self._second is not None:
            return self._confirm(text)
        choice = plain.chosen(text, self._choices)
        is_unseen = choice and choice.offer.effect is Effect.ALLOW and not self._is_last
        if choice is None or is_unseen:
            self._read(plain.UNSEEN if is_unseen else plain.AGAIN)
            return []
        if not plain.takes_two_lines(choice):
            return [Chosen(choice)]
        self._second = choice
        self._show_pages(plain.confirmed(choice), now + PASTE_SECONDS)
        return []

    def _confirm(self, text: str) -> list[Outcome]:
        if text.strip() != plain.YES:
            self._back()
            self._read()
        elif not self._is_last:
            self._read(plain.UNSEEN)
        else:
            return [Chosen(self._second)]
        return []

    def hide(self, words: str = "", allowed: bool | None = False, painted: object = None) -> None:
        if not self._is_shown:
            return
        self._is_shown = False
        if self.has_lines:
            self._outer.keys()
            self.has_lines = False
        if self._is_begun:
            self._is_begun = False
            self._outer.write(b"\r\n")
        if words:
            said = {True: "allowed: ", False: "refused: ", None: ""}[allowed]
            self._print([f"nono: {said}{words}"])
        if self.where is not Where.BELOW:
            self._outer.write(self._modes.put_back() + b"\x1b[?1049l")
        elif self._is_reset:
            self._outer.write(self._modes.put_back())
