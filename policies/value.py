"""What passes from step to step on a packet's way: small values that are made, read a few times and dropped.

They are plain classes with plain constructors, because that is what mypyc lays out as a C structure: a field is then read in
2 ns instead of 30, and a request reads about a hundred (ADR 0006). Their fields are `Final`: nobody changes a value.
"""


class Value:
    """Base of the values: equal and shown by their fields, and not hashable."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and all(getattr(self, name) == getattr(other, name) for name in fields_of(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in fields_of(self))})"

    __hash__ = None  # type: ignore[assignment]


def fields_of(value: object) -> tuple[str, ...]:
    """The names of a value's fields; a compiled class keeps them in a place of its own."""
    names: tuple[str, ...] = getattr(type(value), "__mypyc_attrs__", ()) or type(value).__slots__  # type: ignore[attr-defined]
    return names
