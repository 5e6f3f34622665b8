import pytest
from marshmallow import INCLUDE, Schema, fields

from workflows.events import CampaignData, OrderData
from workflows.fields import Flag, Instant, MoneyField, PercentField
from workflows.fields import Number as NumberField
from workflows.fields import Text as TextField
from workflows.language.types import (
    Boolean,
    Duration,
    FieldType,
    InstantType,
    ListOf,
    Mistaken,
    MoneyType,
    Null,
    Nullable,
    Number,
    ObjectOf,
    PercentType,
    Text,
    TimeOfDay,
    Type,
    Unknown,
    common,
    either,
    fits,
    misfit,
    of_schema,
)


class Inner(Schema):
    class Meta:
        unknown = INCLUDE

    name = TextField(required=True)


class Example(Schema):
    id = TextField(required=True)
    flag = Flag(required=True, allow_none=True)
    count = NumberField(load_default=0)
    nothing = TextField(load_default=None)
    price = MoneyField()
    share = PercentField()
    at = Instant()
    title = fields.String()
    whole = fields.Integer()
    exact = fields.Decimal()
    yes = fields.Boolean()
    length = fields.TimeDelta()
    opening = fields.Time()
    link = fields.Url()
    raw = fields.Raw()
    bag = fields.Dict()
    inner = fields.Nested(Inner)
    inners = fields.List(fields.Nested(Inner))
    many = fields.Nested(Inner, many=True)
    words = fields.List(fields.String(allow_none=True))
    renamed = TextField(data_key="re-named", attribute="other")
    shown = TextField(dump_only=True)


def test_a_schema_becomes_the_type_of_what_it_loads():
    inner = ObjectOf({"name": FieldType(Text())}, open=True)
    assert of_schema(Example).fields == {
        "id": FieldType(Text()),
        "flag": FieldType(Nullable(Boolean())),
        "count": FieldType(Number()),
        "nothing": FieldType(Nullable(Text())),
        "price": FieldType(MoneyType(), optional=True),
        "share": FieldType(PercentType(), optional=True),
        "at": FieldType(InstantType(), optional=True),
        "title": FieldType(Text(), optional=True),
        "whole": FieldType(Number(), optional=True),
        "exact": FieldType(Number(), optional=True),
        "yes": FieldType(Boolean(), optional=True),
        "length": FieldType(Duration(), optional=True),
        "opening": FieldType(TimeOfDay(), optional=True),
        "link": FieldType(Text(), optional=True),
        "raw": FieldType(Unknown(), optional=True),
        "bag": FieldType(Unknown(), optional=True),
        "inner": FieldType(inner, optional=True),
        "inners": FieldType(ListOf(inner), optional=True),
        "many": FieldType(ListOf(inner), optional=True),
        "words": FieldType(ListOf(Nullable(Text())), optional=True),
        "other": FieldType(Text(), optional=True),
    }
    assert not of_schema(Example).open


def test_as_input_a_schema_is_the_type_of_what_one_writes():
    written = of_schema(Example, as_input=True).fields
    assert written["count"] == FieldType(Number(), optional=True)
    assert written["re-named"] == FieldType(Text(), optional=True)
    assert "other" not in written


def test_the_schema_of_an_event_keeps_what_the_vendor_adds_out_of_reach():
    campaign = of_schema(CampaignData)
    assert campaign.open
    assert campaign.fields["id"] == FieldType(Text())
    assert of_schema(OrderData).fields["consent"].type == ObjectOf(
        {"email": FieldType(Nullable(Boolean())), "sms": FieldType(Nullable(Boolean()))}
    )


def test_types_are_values():
    assert of_schema(Example) is of_schema(Example)
    assert len({of_schema(Example), of_schema(Inner), Text(), Text(), ListOf(Text())}) == 4
    assert ObjectOf({}, name="a") == ObjectOf({}, name="b")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Text(), "text"),
        (MoneyType(), "money"),
        (Boolean(), "true or false"),
        (Nullable(Text()), "text or null"),
        (ListOf(Number()), "list of number"),
        (TimeOfDay(), "time of day"),
        (ObjectOf({}), "object"),
    ],
)
def test_a_type_reads_like_english(kind: Type, words: str):
    assert str(kind) == words


def test_what_two_types_have_in_common():
    assert common(Text(), Text()) == Text()
    assert common(Text(), Number()) is None
    assert common(Text(), Null()) == Nullable(Text())
    assert common(Nullable(Text()), Text()) == Nullable(Text())
    assert common(Nullable(Text()), Number()) is None
    assert common(Null(), Null()) == Null()
    assert common(Mistaken(), Text()) == Mistaken()
    assert common(ListOf(Mistaken()), ListOf(Text())) == ListOf(Text())
    assert common(ListOf(Text()), ListOf(Number())) is None


def test_either_of_two_objects_has_what_one_of_them_has():
    one = ObjectOf({"a": FieldType(Text()), "b": FieldType(Text()), "c": FieldType(ObjectOf({"x": FieldType(Text())}))})
    other = ObjectOf({"a": FieldType(Text(), True), "b": FieldType(Number()), "c": FieldType(ObjectOf({}))}, open=True)
    merged = either(one, other)
    assert merged.open
    assert merged.fields == {
        "a": FieldType(Text(), optional=True),
        "b": FieldType(Unknown()),
        "c": FieldType(ObjectOf({"x": FieldType(Text(), optional=True)})),
    }
    assert either(one, one) is one


def test_what_fits_where():
    name = ObjectOf({"name": FieldType(Text())})
    name_or_not = ObjectOf({"name": FieldType(Text(), optional=True)})
    assert fits(Text(), Nullable(Text()))
    assert fits(Null(), Nullable(Text()))
    assert fits(Nullable(Text()), Nullable(Text()))
    assert not fits(Nullable(Text()), Text())
    assert not fits(Unknown(), Text())
    assert fits(Text(), Unknown())
    assert fits(ListOf(Text()), ListOf(Nullable(Text())))
    assert not fits(ListOf(Nullable(Text())), ListOf(Text()))
    assert fits(name, name_or_not)
    assert not fits(name_or_not, name)
    assert not fits(name, ObjectOf({}))
    assert fits(name, ObjectOf({}, open=True))
    assert not fits(ObjectOf({}, open=True), ObjectOf({}))
    assert not fits(ObjectOf({"name": FieldType(Number())}), name)
    assert not fits(Text(), name)


def test_objects_have_in_common_what_neither_must_do_without():
    plain = ObjectOf({"a": FieldType(Text())})
    with_more = ObjectOf({"a": FieldType(Text()), "b": FieldType(Number(), optional=True)})
    assert common(plain, with_more) == with_more
    assert common(ListOf(with_more), ListOf(plain)) == ListOf(with_more)
    assert common(plain, ObjectOf({"a": FieldType(Text(), optional=True)})) == ObjectOf({"a": FieldType(Text(), True)})
    assert common(plain, ObjectOf({"a": FieldType(Null())})) == ObjectOf({"a": FieldType(Nullable(Text()))})
    for other in ({"a": FieldType(Number())}, {"a": FieldType(Text()), "b": FieldType(Number())}, {}):
        assert common(plain, ObjectOf(other)) is None
    assert common(plain, ObjectOf({"a": FieldType(Text())}, open=True)) is None


def test_a_list_that_does_not_fit_says_where():
    needed = ListOf(ObjectOf({"a": FieldType(Text()), "m": FieldType(MoneyType(), True)}, name="shop.add"))

    def said(**fields: FieldType) -> str:
        return misfit(ListOf(ObjectOf(fields)), Nullable(needed))

    assert said(a=FieldType(Text())) == ""
    assert said(a=FieldType(Text()), b=FieldType(Text())) == "its 'b' is not a field of shop.add"
    assert said(a=FieldType(Text(), True)) == "its 'a' may be absent"
    assert said(a=FieldType(Text()), m=FieldType(Number())) == "its 'm' is number, not money"
    assert said() == "it has no 'a'"
    assert misfit(ListOf(Text()), ListOf(Number())) == "its items are text, not number"
    assert misfit(ObjectOf({}, open=True), ObjectOf({})) == "it may have fields that what it goes to has not"
