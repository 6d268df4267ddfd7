"""A model of the kernel under the floor: a file system whose rules stick to its objects."""

from __future__ import annotations

from dataclasses import dataclass, field

from nono.broker import Access, Allow, Floor, Open, Operation, PathChange, Policy
from nono.broker.rules.paths import components, parent
from tests.broker.worlds import CALLER, World

NONE = Access(0)


@dataclass(eq=False)
class Node:
    """One object. ``rights`` is what a Landlock rule on it gives, to it and to all below."""

    kind: str
    rights: Access = NONE
    own: bool = False
    entries: dict[str, Node] = field(default_factory=dict)


class Machine:
    """A policy's floor in the kernel and its broker beside it, with a program that tries things.

    Every attempt succeeds when the kernel permits it or when the broker, which
    performs the call itself, decides to.
    """

    def __init__(self, policy: Policy, world: World, floor: Floor) -> None:
        self.policy = policy.with_rules(floor.matched)
        self.root = Node("directory")
        for path in sorted(world.kinds):
            if path != "/":
                self._at(parent(path)).entries[path[path.rfind("/") + 1 :]] = Node(
                    world.kinds[path]
                )
        for rule in floor.rules:
            self._at(rule.path).rights |= rule.access

    def _chain(self, path: str) -> list[Node]:
        nodes = [self.root]
        for name in components(path):
            nodes.append(nodes[-1].entries[name])
        return nodes

    def _at(self, path: str) -> Node:
        return self._chain(path)[-1]

    def find(self, path: str) -> Node | None:
        try:
            return self._at(path)
        except KeyError:
            return None

    def paths(self) -> dict[str, Node]:
        """Every path and its object, the root left out."""
        found: dict[str, Node] = {}
        waiting = [("", self.root)]
        while waiting:
            path, node = waiting.pop()
            for name, entry in node.entries.items():
                found[f"{path}/{name}"] = entry
                waiting.append((f"{path}/{name}", entry))
        return found

    def kernel(self, path: str) -> Access:
        """What the kernel permits on an existing path: the rules of its whole chain."""
        access = NONE
        for node in self._chain(path):
            access |= node.rights
        return access

    def may(self, path: str, access: Access) -> bool:
        """Can the program get ``access`` to the content at ``path``?"""
        if access in self.kernel(path):
            return True
        return self._decides(Open(CALLER, path, access, self._at(path).own))

    def _decides(self, request: Open | PathChange) -> bool:
        return isinstance(self.policy.decide(request), Allow)

    def _may_change(self, operation: Operation, path: str, target: str | None = None) -> bool:
        node = self.find(path)
        holder = self._at(parent(path))
        creates = operation in (
            Operation.CREATE,
            Operation.MKDIR,
            Operation.RENAME_TO,
            Operation.LINK_TO,
        )
        own = holder.own if creates else node is not None and node.own
        directory = node is not None and node.kind == "directory"
        return self._decides(PathChange(CALLER, operation, path, own, target, directory))

    def _native(self, *paths: str) -> bool:
        return all(Access.WRITE in self.kernel(parent(path)) for path in paths)

    def _refer(self, old: str, new: str) -> bool:
        """Landlock's rule for a move to another directory: the object gains no right."""
        return parent(old) == parent(new) or self.kernel(parent(new)) in self.kernel(old)

    def _split(self, path: str) -> tuple[dict[str, Node], str] | None:
        holder = self.find(parent(path))
        if path == "/" or holder is None or holder.kind != "directory":
            return None
        return holder.entries, path[path.rfind("/") + 1 :]

    def plan(self, deed: str, first: str, second: str) -> Edits | None:
        """The edits that a deed comes to, or None when neither kernel nor broker permits it."""
        match deed:
            case "rename":
                return self._rename(first, second)
            case "exchange":
                return self._exchange(first, second)
            case "link":
                return self._link(first, second)
            case "remove":
                return self._remove(first)
            case kind:
                return self._make(second, kind)

    def _make(self, path: str, kind: str) -> Edits | None:
        place = self._split(path)
        if place is None or self.find(path):
            return None
        operation = Operation.MKDIR if kind == "directory" else Operation.CREATE
        permitted = self._native(path) or self._may_change(operation, path)
        return [(*place, Node(kind, own=True))] if permitted else None

    def _remove(self, path: str) -> Edits | None:
        place, node = self._split(path), self.find(path)
        if place is None or node is None or node.entries:
            return None
        operation = Operation.RMDIR if node.kind == "directory" else Operation.UNLINK
        permitted = self._native(path) or self._may_change(operation, path)
        return [(*place, None)] if permitted else None

    def _rename(self, old: str, new: str) -> Edits | None:
        source, target = self._split(old), self._split(new)
        node, replaced = self.find(old), self.find(new)
        if source is None or target is None or node is None or f"{new}/".startswith(f"{old}/"):
            return None
        if replaced and (replaced.entries or replaced.kind != node.kind):
            return None
        native = self._native(old, new) and self._refer(old, new)
        permitted = native or (
            self._may_change(Operation.RENAME_FROM, old, new)
            and self._may_change(Operation.RENAME_TO, new)
            and (replaced is None or self._may_change(Operation.UNLINK, new))
        )
        return [(*source, None), (*target, node)] if permitted else None

    def _exchange(self, old: str, new: str) -> Edits | None:
        source, target = self._split(old), self._split(new)
        node, other = self.find(old), self.find(new)
        if source is None or target is None or node is None or other is None:
            return None
        if f"{new}/".startswith(f"{old}/") or f"{old}/".startswith(f"{new}/"):
            return None
        native = self._native(old, new) and self._refer(old, new) and self._refer(new, old)
        permitted = native or (
            self._may_change(Operation.RENAME_FROM, old, new)
            and self._may_change(Operation.RENAME_TO, new)
            and self._may_change(Operation.RENAME_FROM, new, old)
            and self._may_change(Operation.RENAME_TO, old)
        )
        return [(*source, other), (*target, node)] if permitted else None

    def _link(self, old: str, new: str) -> Edits | None:
        target, node = self._split(new), self.find(old)
        if target is None or node is None or node.kind == "directory" or self.find(new):
            return None
        native = self._native(new) and self._refer(old, new)
        permitted = native or (
            self._may_change(Operation.LINK_FROM, old, new)
            and self._may_change(Operation.LINK_TO, new)
        )
        return [(*target, node)] if permitted else None


Edits = list[tuple[dict[str, Node], str, Node | None]]
"""Entries to set, or to delete with None."""


def carry_out(edits: Edits) -> Edits:
    """Make the edits; returns the ones that undo them."""
    undo: Edits = []
    for entries, name, node in edits:
        undo.insert(0, (entries, name, entries.get(name)))
        if node is None:
            del entries[name]
        else:
            entries[name] = node
    return undo
