"""What a run goes by, once its policy is complete."""

from __future__ import annotations

from collections.abc import Mapping

from nono.broker import Floor, Policy
from nono.broker.named_tuple import NamedTuple
from nono.supervisor.decisions.decide import Decisions

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from nono.supervisor.decisions.witness import Witness


class Complete(NamedTuple):
    """The policy that a run goes by, and the floor that is made of it.

    `copies` are the files that the program finds nono's own in the place of, by canonical path,
    each with the usual name of what it gets; `cleaned` are those whose credentials it does not get,
    with the rest. No kernel rule opens either.
    """

    policy: Policy
    floor: Floor
    copies: Mapping[str, str]
    cleaned: Mapping[str, bytes]
    notes: tuple[str, ...] = ()
    """What a person should know about it."""
    is_by_name: bool = False
    """A file that is refused to be read may lie under an open name as well, by which a kernel rule
    may open it under both."""

    def decisions(
        self, witness: Witness | None = None, kind: type[Decisions] = Decisions
    ) -> Decisions:
        """What a run decides by; each `witness` is told of it."""
        return kind(self.policy, self.floor, witness, {*self.copies, *self.cleaned})
