"""Older spellings of a profile's keys: each is moved to where it belongs now, with one note."""

from __future__ import annotations

from nono.broker.profile.jsonc import Node, Text

MOVED = {
    "security.groups": "groups.include",
    "policy.exclude_groups": "groups.exclude",
    "policy.add_allow_read": "filesystem.read",
    "policy.add_allow_write": "filesystem.write",
    "policy.add_allow_readwrite": "filesystem.allow",
    "policy.add_deny_access": "filesystem.deny",
    "policy.override_deny": "filesystem.bypass_protection",
    "network.allow_hosts": "network.allow_domain",
    "network.proxy_allow": "network.allow_domain",
    "network.allow_proxy": "network.allow_domain",
    "network.proxy_credentials": "network.credentials",
    "network.allow_port": "network.open_port",
    "network.port_allow": "network.open_port",
    "network.allow_connect_port": "network.connect_port",
    "secrets": "env_credentials",
    "undo": "rollback",
}
"""From the old spelling to the one that the format has now."""

_GONE = ("security", "policy")
"""Objects that hold nothing but older spellings."""


def modernise(text: Text, root: Node) -> tuple[str, ...]:
    """Move every older spelling in the tree; the notes about it.

    What cannot be moved becomes one of the text's problems.
    """
    notes = []
    for old, new in MOVED.items():
        node = _take(root, old.split("."))
        if node is None:
            continue
        line, column = text.position(node.key)
        notes.append(f"{text.file}:{line}:{column}: {old} is an older spelling of {new}")
        _put(text, root, new, node, old)
    for name in _GONE:
        _drop_empty(text, root, name)
    return tuple(notes)


def _take(root: Node, path: list[str]) -> Node | None:
    """Remove and return the node at `path`; None when there is none."""
    for name in path[:-1]:
        if not isinstance(root.value, dict) or name not in root.value:
            return None
        root = root.value[name]
    if not isinstance(root.value, dict):
        return None
    taken: Node | None = root.value.pop(path[-1], None)
    return taken


def _put(text: Text, root: Node, new: str, node: Node, old: str) -> None:
    *sections, name = new.split(".")
    for section in sections:
        root = root.value.setdefault(section, Node({}, node.start, node.key))
        if root.value is None:
            root.value = {}
        if not isinstance(root.value, dict):
            return  # it is refused for what it is
    there = root.value.setdefault(name, node)
    if there is node:
        return
    if isinstance(there.value, list) and isinstance(node.value, list):
        # A new node: the lists of the tree belong to nobody else, but the position is the first's.
        root.value[name] = Node([*there.value, *node.value], there.start, there.key)
    else:
        text.complain(node.key, f"both {new} and its older spelling {old}", f"keep {new} alone")


def _drop_empty(text: Text, root: Node, name: str) -> None:
    node = root.value.get(name)
    if node is None or not isinstance(node.value, dict):
        return
    for key, left in node.value.items():
        hint = "leave it out"
        text.complain(left.key, f"there is no key {name}.{key[:80]!r}", hint)
    del root.value[name]
