"""The types a formula is checked with, and how a marshmallow schema becomes one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from marshmallow import Schema


class Type:
    """What kind of value something is; `str()` of it reads like English."""


@dataclass(frozen=True)
class Text(Type):
    """Text."""


@dataclass(frozen=True)
class Number(Type):
    """A whole number or an exact decimal."""


@dataclass(frozen=True)
class Boolean(Type):
    """true or false."""


@dataclass(frozen=True)
class Null(Type):
    """null and nothing else."""


@dataclass(frozen=True)
class MoneyType(Type):
    """`workflows.values.Money`."""


@dataclass(frozen=True)
class PercentType(Type):
    """`workflows.values.Percent`."""


@dataclass(frozen=True)
class Duration(Type):
    """`datetime.timedelta`."""


@dataclass(frozen=True)
class InstantType(Type):
    """An aware `datetime.datetime`."""


@dataclass(frozen=True)
class TimeOfDay(Type):
    """`datetime.time`."""


@dataclass(frozen=True)
class Unknown(Type):
    """Something no document describes: it can be handed on whole and nothing else."""


@dataclass(frozen=True)
class Mistaken(Type):
    """What already has a problem reported: fits everywhere, so that one mistake is reported once."""


@dataclass(frozen=True)
class Nullable(Type):
    """`inner` or null."""

    inner: Type


@dataclass(frozen=True)
class ListOf(Type):
    """A list of any length."""

    item: Type


@dataclass(frozen=True)
class FieldType:
    """The type of a named value, and whether the name may be absent."""

    type: Type
    optional: bool = False


@dataclass(frozen=True)
class ObjectOf(Type):
    """An object. `open`: more names may come than are declared; formulas see the declared ones only.

    `name` is how messages call it: `symphony.get_campaign_analytics`.
    """

    fields: Mapping[str, FieldType]
    open: bool = False
    name: str = field(default="", compare=False)

    def __hash__(self) -> int:
        return hash(frozenset(self.fields))


@cache
def of_schema(schema: type[Schema], *, as_input: bool = False) -> ObjectOf:
    """The type of what `schema` loads; with `as_input`, of what it is given to load."""
    raise NotImplementedError
