"""Answers that become part of a person's own profile: put into its text, which stays as it is."""

from __future__ import annotations

import difflib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping

from nono.broker.dataclass import dataclass
from nono.broker.errors import PolicyError
from nono.broker.profile.jsonc import Node, read
from nono.broker.profile.parse import parse
from nono.broker.profile.spelling import is_file_name
from nono.supervisor import looks
from nono.supervisor.places import from_here, home_directory, make_private, profile_directory
from nono.supervisor.planning.git.git_files import regular_file

_EMPTY = "{\n}\n"


@dataclass(frozen=True, slots=True)
class Promotion:
    """A change of a profile that is not made yet."""

    path: str
    before: str
    after: str

    @property
    def difference(self) -> list[str]:
        """The lines of a unified diff."""
        lines = self.before.splitlines(), self.after.splitlines()
        return list(difflib.unified_diff(*lines, self.path, self.path, lineterm=""))

    def write(self) -> None:
        """Make it. Raises OSError."""
        directory = os.path.dirname(self.path)
        make_private(directory)
        descriptor, beside = tempfile.mkstemp(prefix=".profile.", dir=directory)
        try:
            with open(descriptor, "w", encoding="utf-8") as new:
                new.write(self.after)
            os.replace(beside, self.path)
        except BaseException:
            os.unlink(beside)
            raise


def promoted(
    name: str, entries: Iterable[tuple[str, str | int]], env: Mapping[str, str]
) -> Promotion:
    """The profile with these keys and values added. Raises PolicyError; one that comes with nono
    is extended by one of the person's."""
    home = home_directory(env)
    path = os.path.join(profile_directory(env, home), name + ".json")
    if is_file_name(name):
        path = looks.realpath(from_here(name, home))
    before, start = _text(path, name)
    after = before or start
    for key, value in entries:
        after = _added(path, after, key, value)
    parse(path, after.encode())
    return Promotion(path, before, after)


def _text(path: str, name: str) -> tuple[str, str]:
    """What is there, and what a new file starts from."""
    try:
        with open(path, encoding="utf-8", opener=regular_file) as file:
            return file.read(), _EMPTY
    except FileNotFoundError:
        from nono.supervisor.planning.profiles.profile_files import built_in_names

        if is_file_name(name) or name not in built_in_names():
            return "", _EMPTY
    raise PolicyError(
        f"{name} comes with nono and is not changed, unlike one that extends it:"
        f' {{"extends": "{name}"}}',
        f"--into my-{name}",
    )


def _added(path: str, text: str, key: str, value: str | int) -> str:
    """The text with one more value in the list of a key such as `filesystem.read`."""
    _, root = read(path, text.encode())
    section, _, name = key.partition(".")
    inside = _member(root, section)
    if inside is None:
        made = json.dumps({name: [value]})
        return _put(text, root, f'\n  "{section}": {made}')
    there = _member(inside, name)
    if there is None:
        return _put(text, inside, f'\n    "{name}": {json.dumps([value])}')
    known = [getattr(each, "value", None) for each in there.value or ()]
    return text if value in known else _put(text, there, json.dumps(value))


def _member(node: Node, name: str) -> Node | None:
    found = node.value.get(name) if isinstance(node.value, dict) else None
    return found if isinstance(found, Node) and isinstance(found.value, dict | list) else None


def _put(text: str, node: Node, piece: str) -> str:
    """Put something first into an object or a list."""
    at = node.start + 1
    comma = "," + (" " if isinstance(node.value, list) else "") if node.value else ""
    return f"{text[:at]}{piece}{comma}{text[at:]}"
