"""From a profile's text to the profile, or to everything that is wrong with the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from nono.broker.dataclass import dataclass
from nono.broker.errors import PolicyError, ProfileError, nearest
from nono.broker.profile.format import Profile
from nono.broker.profile.jsonc import Node, Text, read
from nono.broker.profile.legacy import modernise

Location = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class ProfileFile:
    """A profile, where its values stand, and the notes about its spelling.

    `file` is its name for people.
    """

    file: str
    profile: Profile
    notes: tuple[str, ...]
    text: Text
    root: Node

    def place(self, *location: int | str) -> tuple[int, int]:
        """Line and column of the key or element at this location, or of what holds it."""
        return self.text.position(_offset(self.root, location))


def parse(file: str, data: bytes) -> ProfileFile:
    """The profile in a file. Raises ProfileError with every problem, in the order of the text."""
    text, root = read(file, data)
    if not isinstance(root.value, dict):
        text.complain(root.start, "a profile is an object", "write { ... } around it")
        raise ProfileError(text.problems)
    notes = modernise(text, root)
    try:
        profile = Profile.model_validate(root.plain())
    except ValidationError as error:
        for details in error.errors(include_url=False, include_input=False):
            _complain(text, root, details)
        raise ProfileError(sorted(text.problems, key=lambda p: (p.line, p.column))) from None
    if text.problems:
        raise ProfileError(text.problems)
    return ProfileFile(file, profile, notes, text, root)


def bases_in_spite(file: str, data: bytes) -> Iterator[tuple[tuple[int, int], str]]:
    """What a profile that has mistakes extends, each with its line and column, so far as it says.

    What is no JSON says nothing.
    """
    try:
        text, root = read(file, data)
    except ProfileError:
        return
    named = root.value.get("extends") if isinstance(root.value, dict) else None
    listed = named.value if named is not None and isinstance(named.value, list) else [named]
    for node in listed:
        if node is not None and isinstance(node.value, str):
            yield text.position(node.start), node.value


def _complain(text: Text, root: Node, details: ErrorDetails) -> None:
    location, kind = details["loc"], details["type"]
    context = details.get("ctx", {})
    cause = context.get("error")
    if kind == "extra_forbidden":
        message, hint = _unknown_key(location)
    elif isinstance(cause, PolicyError):
        message, hint = f"{_dotted(root, location)}: {cause.message}", cause.hint
    else:
        wanted = _WANTED.get(kind, details["msg"])
        if kind == "union_tag_invalid":
            wanted = "must be " + _OR.join(_SHAPES[tag] for tag in _tags(context))
        elif kind == "literal_error":
            wanted = f"must be {context['expected']}"
        message, hint = f"{_dotted(root, location)}: {wanted}", ""
    text.complain(_offset(root, location), message, hint)


_OR = " or "
_SHAPES = {"text": "a text", "number": "a whole number", "list": "a list", "object": "an object"}
_WANTED = {
    "string_type": "must be a text in double quotes",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "tuple_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "string_too_short": "must not be empty",
    "string_too_long": "is too long",
    "too_short": "must not be empty",
    "greater_than_equal": "must be from 1 to 65535",
    "less_than_equal": "must be from 1 to 65535",
    "missing": "is missing",
}
"""What a value must be, by pydantic's type of error."""


def _tags(context: dict[str, Any]) -> list[str]:
    return re.findall(r"'(\w+)'", context["expected_tags"])


def _walk(root: Node, location: Location) -> Iterator[tuple[int | str, Node]]:
    """The steps of a location that the tree knows, each with its node.

    Others are the validator's own: the branch of a union, a key that is missing.
    """
    for step in location:
        found: Node | None = None
        if isinstance(root.value, dict):
            found = root.value.get(step)
        elif isinstance(root.value, list) and isinstance(step, int) and step < len(root.value):
            found = root.value[step]
        if found is not None:
            root = found
            yield step, root


def _offset(root: Node, location: Location) -> int:
    """Where the innermost known step of a location stands: its key, else its value."""
    *_, innermost = root, *(node for _, node in _walk(root, location))
    return innermost.key


def _dotted(root: Node, location: Location) -> str:
    """The location as people write it: `network.open_port[2]`."""
    known = [step for step, _ in _walk(root, location)]
    if location and location[-1] not in known and not _is_branch(location[-1]):
        known.append(location[-1])
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step[:80]}" for step in known)
    return text.removeprefix(".") or "the profile"


def _is_branch(step: int | str) -> bool:
    return step in _SHAPES or step == "[key]"


def _unknown_key(location: Location) -> tuple[str, str]:
    *above, name = (step for step in location if not _is_branch(step))
    keys = _keys_at(above)
    near = nearest(str(name), keys)
    inside = f" in {'.'.join(map(str, above))}" if above else ""
    message = f"there is no key {str(name)[:80]!r}{inside}"
    if near:
        return message, f"did you mean {near!r}?"
    elsewhere = [key for key in known_keys() if key.rpartition(".")[2] == name]
    if elsewhere:
        return message, f"did you mean {elsewhere[0]}?"
    return message, f"the keys{inside} are: {', '.join(keys)}"


def known_keys() -> tuple[str, ...]:
    """Every key of the format, such as `ask` and `filesystem.read`."""
    return tuple(
        f"{section}.{name}" if name else section
        for section, field in zip(_names(Profile), Profile.model_fields.values(), strict=True)
        for name in ("", *_names_of_parts(get_args(field.annotation)))
    )


def _names_of_parts(types: tuple[Any, ...]) -> Iterator[str]:
    for kind in types:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _names(kind)


def _keys_at(location: list[int | str]) -> list[str]:
    """The names that an object at this location may have; none where there is no such object."""
    model: type[BaseModel] | None = Profile
    for step in location:
        if model is None or not isinstance(step, str):
            continue
        field = {f.alias or name: f for name, f in model.model_fields.items()}.get(step)
        if field is not None:
            model = model_in(field.annotation)
    return _names(model) if model is not None else []


def _names(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The first object of the format that a type speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (model_in(inner) for inner in get_args(annotation))
    return next((model for model in found if model is not None), None)
