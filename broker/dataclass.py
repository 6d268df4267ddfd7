"""Data classes as those of `dataclasses`, whose making takes a tenth of the time.

A start makes sixty of them. The standard decorator compiles six methods for each, and loads
`inspect` with all that it needs: a sixth of a start together. Here `__init__` alone is compiled,
when the first object is made; the other methods are the same functions for every class, and learn
at their first call what of it they are about. A test compares all that is made here with what the
standard decorator makes. For a type checker it is the standard one, and `dataclasses.replace`,
`fields` and the rest find what they look for.
"""

from __future__ import annotations

from operator import attrgetter

from nono.broker.compiled import made_of

TYPE_CHECKING = False
if TYPE_CHECKING:  # as the one of `typing`, which a start does without
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field
    from dataclasses import replace as replace
    from typing import Any
else:

    def dataclass(cls=None, /, *, eq=True, frozen=False, slots=False):
        """`dataclasses.dataclass`, with these options of it."""

        def make(cls):
            return _made(cls, eq, frozen, slots)

        return make if cls is None else make(cls)

    def field(**said):
        """`dataclasses.field`: `default`, `default_factory`, `init`, `repr`, `compare`, `hash`."""
        return _Field(said)

    def replace(instance, /, **changes):
        """`dataclasses.replace`, also of what the standard decorator has made."""
        fields = getattr(type(instance), "_record_fields", None)
        if fields is None:
            import dataclasses

            return dataclasses.replace(instance, **changes)
        for name, each in fields.items():
            if not each.init:
                if name in changes:
                    raise ValueError(f"{name} is not an argument of {type(instance).__name__}")
            elif name not in changes:
                changes[name] = getattr(instance, name)
        return type(instance)(**changes)


_NONE = object()


class _Field:
    """What is said of one field; of most, nothing."""

    said: dict[str, Any] = {}  # noqa: RUF012 - nobody changes it
    default: Any = _NONE
    factory: Any = _NONE
    init = shown = compared = hashed = True

    def __init__(self, said: dict[str, Any]) -> None:
        self.said = said
        self.default = said.get("default", _NONE)
        self.factory = said.get("default_factory", _NONE)
        self.init = said.get("init", True)
        self.shown = said.get("repr", True)
        self.compared = said.get("compare", True)
        self.hashed = self.compared if said.get("hash") is None else said["hash"]


_PLAIN = _Field({})
"""What most fields are."""


def _made(cls: type, eq: bool, frozen: bool, slots: bool) -> type:
    body = dict(cls.__dict__)
    fields: dict[str, _Field] = {}
    for base in cls.__mro__[-2:0:-1]:
        if not hasattr(base, "_record_fields") and hasattr(base, "__dataclass_fields__"):
            raise TypeError(f"{base.__name__}, below {cls.__name__}, is made by dataclasses")
        fields.update(getattr(base, "_record_fields", {}))
    inherited = {*fields}
    for name in body.get("__annotations__", ()):
        said = body.pop(name, _PLAIN)
        fields[name] = said if isinstance(said, _Field) else _Field({"default": said})
    methods: dict[str, Any] = {"__repr__": _repr_of(fields)}
    if eq:
        methods["__eq__"] = _eq_of(fields)
    if frozen and slots:
        methods |= {"__getstate__": _getstate, "__setstate__": _setstate_later}
    new = {name: made for name, made in methods.items() if name not in body}
    new["__match_args__"] = tuple(name for name, each in fields.items() if each.init)
    new["_record_fields"] = fields
    new |= _STANDARD[eq, frozen]
    if frozen:
        new |= {"__setattr__": _setattr, "__delattr__": _delattr}
    if eq and body.get("__hash__") is None:  # Python has put None there for a class with __eq__
        new["__hash__"] = _hash_of(fields) if frozen else None
    if slots:
        new["__slots__"] = tuple(name for name in fields if name not in inherited)
        cls = _with_slots(cls, body | new)
        _make_init_later(cls, frozen, slots)
        return cls
    for name, each in fields.items():
        if each.default is not _NONE:
            new[name] = each.default
        elif name in cls.__dict__:
            delattr(cls, name)
    for name, value in new.items():
        setattr(cls, name, value)
    _make_init_later(cls, frozen, slots)
    return cls


def _with_slots(cls: type, body: dict[str, Any]) -> type:
    """The same class once more, since slots are said when one is made."""
    body.pop("__dict__", None)
    body.pop("__weakref__", None)
    made = type(cls)(cls.__name__, cls.__bases__, body)
    made.__qualname__ = cls.__qualname__
    return made


class _Standard:
    """What the functions of `dataclasses`, and `pprint`, look for, made when one of them does."""

    __slots__ = ("name", "options")

    def __init__(self, name: str, options: dict[str, Any]) -> None:
        self.name = name
        self.options = options

    def __get__(self, instance: object, owner: Any) -> Any:
        import dataclasses

        kinds: dict[str, Any] = {}
        for base in reversed(owner.__mro__):
            said = vars(base)
            if "_record_fields" in said:
                kinds.update(said.get("__annotations__", {}))
        named: Any = [
            (name, kinds[name], dataclasses.field(**each.said))
            for name, each in owner._record_fields.items()
        ]
        made = dataclasses.make_dataclass(owner.__name__, named, **self.options)
        found = getattr(made, self.name)
        setattr(owner, self.name, found)
        return found


_STANDARD = {
    (eq, frozen): {
        name: _Standard(name, {"eq": eq, "frozen": frozen})
        for name in ("__dataclass_fields__", "__dataclass_params__")
    }
    for eq in (True, False)
    for frozen in (True, False)
}


def _make_init_later(cls: Any, frozen: bool, slots: bool) -> None:
    """Give the class an `__init__` that puts the real one in its place and calls it."""

    def __init__(self: object, /, *given: object, **named: object) -> None:
        init = _init_of(cls, frozen, slots)
        init.__qualname__ = f"{cls.__qualname__}.__init__"
        setattr(cls, "__init__", init)  # noqa: B010 - a type checker is told otherwise
        init(self, *given, **named)

    setattr(cls, "__init__", __init__)  # noqa: B010


def _init_of(cls: Any, frozen: bool, slots: bool) -> Any:
    """The `__init__` of a class, compiled."""
    known: dict[str, Any] = {"_none": _NONE, "_set": object.__setattr__}
    arguments, lines = ["self"], []
    for name, each in cls._record_fields.items():
        value = name
        if each.factory is not _NONE:
            known[f"_make_{name}"] = each.factory
            value = f"_make_{name}()"
            if each.init:
                value += f" if {name} is _none else {name}"
                arguments.append(f"{name}=_none")
        elif each.default is not _NONE:
            known[f"_default_{name}"] = each.default
            if each.init:
                arguments.append(f"{name}=_default_{name}")
            else:
                value = f"_default_{name}"
        elif each.init:
            arguments.append(name)
        else:
            continue
        if frozen and slots:
            known[f"_set_{name}"] = getattr(cls, name).__set__
            lines.append(f"_set_{name}(self, {value})")
        elif frozen:
            lines.append(f"_set(self, {name!r}, {value})")
        else:
            lines.append(f"self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    text = f"def __init__({', '.join(arguments)}):\n " + "\n ".join(lines or ["pass"])
    return made_of(text, "__init__", known)


def _values_of(names: list[str]) -> Any:
    """A function from an object to the tuple of these attributes."""
    if len(names) > 1:
        return attrgetter(*names)
    if not names:
        return lambda each: ()
    one = attrgetter(*names)
    return lambda each: (one(each),)


def _eq_of(fields: dict[str, _Field]) -> Any:
    values: Any = None

    def __eq__(self: object, other: object) -> Any:
        nonlocal values
        if other.__class__ is not self.__class__:
            return NotImplemented
        if values is None:
            values = _values_of([name for name, each in fields.items() if each.compared])
        return values(self) == values(other)

    return __eq__


def _hash_of(fields: dict[str, _Field]) -> Any:
    values: Any = None

    def __hash__(self: object) -> int:
        nonlocal values
        if values is None:
            values = _values_of([name for name, each in fields.items() if each.hashed])
        return hash(values(self))

    return __hash__


def _repr_of(fields: dict[str, _Field]) -> Any:
    def __repr__(self: object) -> str:
        names = [name for name, each in fields.items() if each.shown]
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{self.__class__.__qualname__}({shown})"

    return __repr__


def _setattr(self: object, name: str, value: object) -> None:
    _require_not_frozen(type(self), name, "assign to")
    object.__setattr__(self, name, value)


def _delattr(self: object, name: str) -> None:
    _require_not_frozen(type(self), name, "delete")
    object.__delattr__(self, name)


def _require_not_frozen(cls: Any, name: str, doing: str) -> None:
    """A class below a frozen one that is none itself may have attributes of its own."""
    if "_record_fields" in cls.__dict__ or name in cls._record_fields:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot {doing} field {name!r}")


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, name) for name in self._record_fields]


def _setstate_later(self: Any, state: list[Any]) -> None:
    """Puts the real `__setstate__` in its place and calls it: a start makes a thousand objects."""
    cls = type(self)
    names = [*cls._record_fields]
    known = {f"_set_{name}": getattr(cls, name).__set__ for name in names}
    lines = "".join(f"\n _set_{name}(self, {name})" for name in names)
    text = f"def __setstate__(self, state):\n [{', '.join(names)}] = state{lines}"
    cls.__setstate__ = made_of(text, "__setstate__", known)
    cls.__setstate__(self, state)
