"""What one value of a profile may be: a path, a host, a port, a name, each with its check."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Discriminator, Field, Tag

from nono.broker.profile import checks
from nono.broker.profile.spelling import check_base


def _shape(value: object) -> str:
    kinds = (
        (str, "text"),
        (int, "number"),
        (tuple, "list"),
        (dict, "object"),
        (BaseModel, "object"),
    )
    return next((name for kind, name in kinds if isinstance(value, kind)), "other")


BY_SHAPE = Discriminator(_shape)
"""Tells an entry that may be written in two ways by what it is in JSON."""

Platform = Annotated[str, AfterValidator(checks.check_platform)]
When = Annotated[
    Annotated[Platform, Tag("text")] | Annotated[tuple[Platform, ...], Tag("list")], BY_SHAPE
]
"""`linux`, `macos`, or one of them with `!` before it; a list means any of them."""

Path = Annotated[str, AfterValidator(checks.check_path)]
DeniedPath = Annotated[str, AfterValidator(checks.check_denied_path)]
GroupName = Annotated[str, AfterValidator(checks.check_group)]
ExcludedGroup = Annotated[str, AfterValidator(checks.check_excluded_group)]
Host = Annotated[str, AfterValidator(checks.check_host)]
NetworkProfileName = Annotated[str, AfterValidator(checks.check_network_profile)]
Variable = Annotated[str, AfterValidator(checks.check_variable)]
VariablePattern = Annotated[str, AfterValidator(checks.check_variable_pattern)]
Value = Annotated[str, AfterValidator(checks.check_value)]
Base = Annotated[str, AfterValidator(check_base)]
Port = Annotated[
    Annotated[int, Field(ge=1, le=65535), Tag("number")]
    | Annotated[str, AfterValidator(checks.check_ports), Tag("text")],
    BY_SHAPE,
]
"""A port, or a range of ports as text: `"3000-3100"`."""
_Amount = Annotated[Annotated[int, Tag("number")] | Annotated[str, Tag("text")], BY_SHAPE]
Memory = Annotated[_Amount, AfterValidator(checks.check_memory)]
Size = Annotated[_Amount, AfterValidator(checks.check_size)]
Time = Annotated[_Amount, AfterValidator(checks.check_time)]
Count = Annotated[int, AfterValidator(checks.check_count)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
