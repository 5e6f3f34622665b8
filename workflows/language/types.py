"""The types a formula is checked with, and how a marshmallow schema becomes one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar

from marshmallow import INCLUDE, Schema, fields, missing

from workflows import fields as ours


class Type:
    """What kind of value something is. `kind` is one word for it, `str()` the whole of it in English."""

    kind: ClassVar[str] = "value"

    def __str__(self) -> str:
        return self.kind


@dataclass(frozen=True)
class Text(Type):
    kind = "text"


@dataclass(frozen=True)
class Number(Type):
    """A whole number or an exact decimal."""

    kind = "number"


@dataclass(frozen=True)
class Boolean(Type):
    kind = "true or false"


@dataclass(frozen=True)
class Null(Type):
    """null and nothing else."""

    kind = "null"


@dataclass(frozen=True)
class MoneyType(Type):
    """`workflows.values.Money`."""

    kind = "money"


@dataclass(frozen=True)
class PercentType(Type):
    """`workflows.values.Percent`."""

    kind = "percentage"


@dataclass(frozen=True)
class Duration(Type):
    """`datetime.timedelta`."""

    kind = "duration"


@dataclass(frozen=True)
class InstantType(Type):
    """An aware `datetime.datetime`."""

    kind = "instant"


@dataclass(frozen=True)
class TimeOfDay(Type):
    """`datetime.time`."""

    kind = "time of day"


@dataclass(frozen=True)
class Unknown(Type):
    """Something no document describes: it can be handed on whole, compared with null, and nothing else."""

    kind = "undocumented value"


@dataclass(frozen=True)
class Mistaken(Type):
    """What already has a problem reported: fits everywhere, so that one mistake is reported once."""

    kind = "mistake"


@dataclass(frozen=True)
class Nullable(Type):
    """`inner` or null; never a Nullable of a Nullable or of Null (see `nullable`)."""

    inner: Type
    kind = "value or null"

    def __str__(self) -> str:
        return f"{self.inner} or null"


@dataclass(frozen=True)
class ListOf(Type):
    """A list of any length."""

    item: Type
    kind = "list"

    def __str__(self) -> str:
        return f"list of {self.item}"


@dataclass(frozen=True)
class FieldType:
    """The type of a named value, and whether the name may be absent."""

    type: Type
    optional: bool = False


@dataclass(frozen=True)
class ObjectOf(Type):
    """An object. `open`: more names may come than are declared; formulas see the declared ones only.

    `name` is how messages call it, such as `symphony.get_campaign_analytics`; it makes no other type.
    """

    fields: Mapping[str, FieldType]
    open: bool = False
    name: str = field(default="", compare=False)
    kind = "object"

    def __hash__(self) -> int:
        return hash((frozenset(self.fields), self.open))


SIMPLE: Mapping[str, Type] = {
    simple.kind: simple
    for simple in (
        Text(),
        Number(),
        Boolean(),
        Null(),
        MoneyType(),
        PercentType(),
        Duration(),
        InstantType(),
        TimeOfDay(),
    )
}
"""The types without parts, by kind."""


def nullable(inner: Type) -> Type:
    """`inner` or null, said in one way."""
    return inner if isinstance(inner, (Nullable, Null, Unknown, Mistaken)) else Nullable(inner)


def common(one: Type, other: Type) -> Type | None:
    """The type of a value that is one of two, or None where they have nothing in common."""
    match one, other:
        case (Mistaken(), _) | (_, Mistaken()):
            return Mistaken()
        case ObjectOf(), ObjectOf() if one != other:
            return _common_object(one, other)
        case Null(), _:
            return nullable(other)
        case _, Null():
            return nullable(one)
        case (Nullable(), _) | (_, Nullable()):
            inner = common(_plain(one), _plain(other))
            return None if inner is None else nullable(inner)
        case ListOf(), ListOf():
            return _common_list(one, other)
        case _:
            return one if one == other else None


def either(one: ObjectOf, other: ObjectOf) -> ObjectOf:
    """The type of an object that is one of two, as when a trigger names several event types.

    A field only one of them has may be absent; a field they disagree on is an Unknown.
    """
    if one == other:
        return one
    merged = {}
    for name in [*one.fields, *(name for name in other.fields if name not in one.fields)]:
        here, there = one.fields.get(name), other.fields.get(name)
        sides = [side for side in (here, there) if side is not None]
        optional = len(sides) == 1 or any(side.optional for side in sides)
        merged[name] = FieldType(_merge(sides[0].type, sides[-1].type), optional)
    return ObjectOf(merged, one.open or other.open, one.name if one.name == other.name else "")


def fits(given: Type, needed: Type) -> bool:
    """Whether a `given` can stand where a `needed` is asked for. An Unknown fits only an Unknown."""
    match given, needed:
        case (Mistaken(), _) | (_, Mistaken()) | (_, Unknown()):
            return True
        case Nullable(), Nullable():
            return fits(given.inner, needed.inner)
        case _, Nullable():
            return isinstance(given, Null) or fits(given, needed.inner)
        case ListOf(), ListOf():
            return fits(given.item, needed.item)
        case ObjectOf(), ObjectOf():
            return _object_fits(given, needed)
        case _:
            return given == needed


def misfit(given: Type, needed: Type) -> str:
    """In words, the first reason within a list or an object why `fits` says no; "" where the types say it all."""
    if fits(given, needed):
        return ""
    match given, needed:
        case _, Nullable():
            return misfit(_plain(given), needed.inner)
        case ListOf(), ListOf():
            within = misfit(given.item, needed.item)
            return within or f"its items are {given.item}, not {needed.item}"
        case ObjectOf(), ObjectOf():
            return next(_misfits(given, needed), "")
    return ""


def _misfits(given: ObjectOf, needed: ObjectOf) -> Iterator[str]:
    called = needed.name or "what it goes to"
    for name, here in given.fields.items():
        wanted = needed.fields.get(name)
        if wanted is None and not needed.open:
            yield f"its {name!r} is not a field of {called}"
        elif wanted is not None and here.optional and not wanted.optional:
            yield f"its {name!r} may be absent"
        elif wanted is not None and not fits(here.type, wanted.type):
            yield misfit(here.type, wanted.type) or f"its {name!r} is {here.type}, not {wanted.type}"
    for name, wanted in needed.fields.items():
        if name not in given.fields and not wanted.optional:
            yield f"it has no {name!r}"
    if given.open and not needed.open:
        yield f"it may have fields that {called} has not"


@cache
def of_schema(schema: type[Schema], *, as_input: bool = False) -> ObjectOf:
    """The type of what `schema` loads, or with `as_input` of what it is given to load.

    The two differ in names (`data_key` is what one writes, `attribute` what one reads) and in what may be absent
    (a field with `load_default` need not be written, and is always there to be read).
    """
    made = schema()
    return _object(made, made.unknown, as_input)


def _object(schema: Schema, unknown: str | None, as_input: bool) -> ObjectOf:
    declared = {}
    for name, item in schema.load_fields.items():
        if as_input:
            declared[item.data_key or name] = FieldType(_of_field(item, as_input), not item.required)
        else:
            may_be_absent = not item.required and item.load_default is missing
            declared[item.attribute or name] = FieldType(_of_field(item, as_input), may_be_absent)
    return ObjectOf(declared, open=unknown == INCLUDE)


def _plain(given: Type) -> Type:
    return given.inner if isinstance(given, Nullable) else given


def _common_object(one: ObjectOf, other: ObjectOf) -> ObjectOf | None:
    """What two objects have in common: all names, of which those may be absent that may be so in one of the two.

    None where a name that is always there in one is unknown to the other, or of another type.
    """
    if one.open != other.open:
        return None
    shared: dict[str, FieldType] = {}
    for name in [*one.fields, *(name for name in other.fields if name not in one.fields)]:
        sides = [side for side in (one.fields.get(name), other.fields.get(name)) if side is not None]
        found = common(sides[0].type, sides[-1].type)
        if found is None or (len(sides) == 1 and not sides[0].optional):
            return None
        shared[name] = FieldType(found, any(side.optional for side in sides))
    return ObjectOf(shared, one.open)


def _common_list(one: ListOf, other: ListOf) -> ListOf | None:
    # Of an empty list nobody knows what it would hold.
    if isinstance(one.item, Mistaken) or isinstance(other.item, Mistaken):
        return other if isinstance(one.item, Mistaken) else one
    item = common(one.item, other.item)
    return None if item is None else ListOf(item)


def _merge(one: Type, other: Type) -> Type:
    if isinstance(one, ObjectOf) and isinstance(other, ObjectOf):
        return either(one, other)
    return common(one, other) or Unknown()


def _object_fits(given: ObjectOf, needed: ObjectOf) -> bool:
    if not needed.open and (given.open or not given.fields.keys() <= needed.fields.keys()):
        return False
    for name, wanted in needed.fields.items():
        here = given.fields.get(name)
        if not wanted.optional and (here is None or here.optional):
            return False
        if here is not None and not fits(here.type, wanted.type):
            return False
    return True


def _of_field(item: fields.Field[Any], as_input: bool) -> Type:
    plain = _plain_of_field(item, as_input)
    return nullable(plain) if item.allow_none else plain


def _plain_of_field(item: fields.Field[Any], as_input: bool) -> Type:
    if isinstance(item, fields.Nested):
        inner = _object(item.schema, item.unknown or item.schema.unknown, as_input)
        return ListOf(inner) if item.schema.many else inner
    if isinstance(item, fields.List):
        return ListOf(_of_field(item.inner, as_input))
    return next((made() for known, made in _FIELDS if isinstance(item, known)), Unknown())


# The first that fits, so a subclass stands before its base.
_FIELDS: tuple[tuple[type[fields.Field[Any]], Callable[[], Type]], ...] = (
    (ours.Text, Text),
    (ours.Flag, Boolean),
    (ours.Number, Number),
    (ours.MoneyField, MoneyType),
    (ours.PercentField, PercentType),
    (ours.Instant, InstantType),
    (fields.String, Text),
    (fields.Boolean, Boolean),
    (fields.Integer, Number),
    (fields.Decimal, Number),
    (fields.Float, Number),
    (fields.AwareDateTime, InstantType),
    (fields.TimeDelta, Duration),
    (fields.Time, TimeOfDay),
)
