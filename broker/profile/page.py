"""The page about the format, docs/profiles.md, made from the classes that define it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from nono.broker.profile import format
from nono.broker.profile.legacy import MOVED
from nono.broker.profile.parse import model_in
from nono.broker.profile.spelling import VARIABLES

_HEAD = """\
# Profiles

A profile says what a program may do, in a file that can be kept, shared and reviewed:

```sh
nono learn -o my-script -- python3 my_script.py    # a first one, from what it does
nono profile validate my-script                    # every mistake, with its place
nono profile show my-script                        # where each rule is from; --all: of groups, too
nono run --profile my-script -- python3 my_script.py
```

A profile is named by a file (`./my-script.json`), by the name of one in
`$XDG_CONFIG_HOME/nono/profiles` (`my-script`), or by the name of one that comes with nono
(`nono profile list`). The options of `nono run` add to it.

This page is made from the definition of the format by `nono profile schema --markdown`;
`nono profile schema` prints the same as a JSON Schema, for editors.

## The text

JSON, with `//` and `/* */` comments. Unknown keys, keys that are there twice and values of another
type are mistakes, and all mistakes of a file are reported together. A file has at most 1 MiB.

```json
"""
_EXAMPLE = """\
{
  "meta": {"name": "untrusted-python"},
  "extends": "python-dev",
  "workdir": {"access": "readwrite"},
  "filesystem": {
    "read_file": ["/etc/ssl/cert.pem"],
    "deny": ["**/.env"]            // in all that is opened
  },
  "network": {"allow_domain": ["api.openai.com"]}
}
"""
_VARIABLES = """\
## Paths

A path begins with `/`, `~/` or a variable, and stands for what it leads to when the run starts,
links followed. One that does not exist is a note and no mistake. With `*` in it (one name, or part
of one) or `**` (any number of names) it is a pattern; in one `?` is any character, `[ab]` one of
these and `[!ab]` any other. `{a,b}`, `[^a]`, `[[:alpha:]]` and a backslash before such a character
are other tools' and mistakes here, and so is `..`. The variables:
"""
_TYPES: dict[Any, str] = {str: "text", bool: "true or false", int: "number"}


def page() -> str:
    """The text of docs/profiles.md."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _HEAD + _EXAMPLE + "```"
    yield ""
    yield "## Keys"
    yield ""
    yield _prose(format.Profile.__doc__)
    yield ""
    yield from _table(format.Profile)
    for name, field in format.Profile.model_fields.items():
        model = model_in(field.annotation)
        if model is not None:
            yield from _section(name, model)
    yield "## Entries that count on some platforms only"
    yield ""
    yield "In lists of paths and of groups an entry may be an object:"
    yield '`{"path": "~/.cache/tool", "when": "linux"}`, or with `name` in the place of `path`.'
    yield ""
    yield _VARIABLES
    yield ", ".join(f"`${name}`" for name in VARIABLES) + "."
    yield ""
    yield "## Older spellings"
    yield ""
    yield "They load, with a note."
    yield ""
    yield "| older | now |"
    yield "| --- | --- |"
    yield from (f"| `{old}` | `{new}` |" for old, new in MOVED.items())


def _section(name: str, model: type[BaseModel]) -> Iterator[str]:
    yield f"### `{name}`"
    yield ""
    yield _prose(model.__doc__)
    yield ""
    yield from _table(model)
    for field in model.model_fields.values():
        inner = model_in(field.annotation)
        if inner is not None and inner.__name__ == "CustomCredential":
            yield "A service of `custom_credentials`:"
            yield ""
            yield from _table(inner)


def _table(model: type[BaseModel]) -> Iterator[str]:
    yield "| key | value | meaning |"
    yield "| --- | --- | --- |"
    for name, field in model.model_fields.items():
        meaning = _prose(field.description, width=0)
        yield f"| `{field.alias or name}` | {_type(field)} | {meaning} |"
    yield ""


def _prose(text: str | None, width: int = 100) -> str:
    words = " ".join((text or "").split())
    return textwrap.fill(words, width) if width else words


def _type(field: FieldInfo) -> str:
    return " or ".join(dict.fromkeys(_kinds(field.annotation)))


def _kinds(annotation: Any) -> Iterator[str]:
    """What a value may be, in words; None is left out, since every key may be cleared with it."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _kinds(arguments[0])
    elif origin in (Union, UnionType):
        for inner in arguments:
            yield from _kinds(inner)
    elif origin is Literal:
        yield ", ".join(f"`{value}`" for value in arguments)
    elif origin is tuple:
        yield "list"
    elif origin is dict or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        yield "object"
    elif annotation is not NoneType:
        yield _TYPES[annotation]
