"""Shapes: what is learned of a payload, and what is unlike it."""

from collections.abc import Iterable
from decimal import Decimal

from workflows.engine.shapes import GONE_AFTER, LEARNING, MOST_FIELDS, Difference, Shape, fields_of, learn
from workflows.values import Money

USUAL = {"id": 1, "buyer": {"email": "a@example.com"}, "items": [{"name": "x", "price": None}]}


def learned(samples: Iterable[object], shape: Shape | None = None) -> tuple[Shape, list[Difference]]:
    told: list[Difference] = []
    shape = shape or Shape()
    for sample in samples:
        shape, differences = learn(shape, fields_of(sample))
        told += differences
    return shape, told


KNOWN, _ = learned([USUAL] * LEARNING)


def test_a_name_that_is_somebodys_address_is_not_learned() -> None:
    found = fields_of({"fans": {"ana@example.com": {"n": 1}, "+447700900123": {"n": 1}}})
    assert set(found) == {"fans", "fans.***", "fans.***.n"}


def test_paths_have_kinds_of_every_item() -> None:
    value = {"a": [1, "x"], "b": {"c": Money(Decimal("1.00"), "USD")}, "d": True}
    assert fields_of(value) == {
        "a": {"list"},
        "a[]": {"number", "text"},
        "b": {"object"},
        "b.c": {"money"},
        "d": {"boolean"},
    }


def test_nothing_is_unusual_while_it_is_learned() -> None:
    assert learned([{"id": 1}, {"id": "x"}, {"other": None}] * 6)[1] == []


def test_a_new_field_is_told_once_and_with_it_what_is_in_it() -> None:
    fresh = {**USUAL, "extra": {"deep": [1]}}
    assert learned([fresh, fresh], KNOWN)[1] == [Difference("new", "extra", (), ("object",))]


def test_another_type_is_told_once() -> None:
    told = learned([{**USUAL, "id": "1"}, {**USUAL, "id": "2"}], KNOWN)[1]
    assert told == [Difference("type", "id", ("number",), ("text",))]


def test_a_field_below_items_counts_as_well() -> None:
    told = learned([{**USUAL, "items": [{"name": "x", "price": 4}]}], KNOWN)[1]
    assert told == [Difference("type", "items[].price", ("null",), ("number",))]


def test_what_every_sample_had_and_none_has_any_more_is_gone() -> None:
    without = {key: value for key, value in USUAL.items() if key != "buyer"}
    assert learned([without] * (GONE_AFTER - 1), KNOWN)[1] == []
    assert learned([without] * GONE_AFTER * 3, KNOWN)[1] == [Difference("gone", "buyer", ("object",), ())]


def test_what_comes_and_goes_is_never_gone() -> None:
    at_times = [USUAL, {"id": 1, "items": []}] * LEARNING
    known, _ = learned(at_times)
    assert learned([{"id": 1, "items": []}] * GONE_AFTER * 3, known)[1] == []


def test_an_empty_list_says_nothing_about_its_items() -> None:
    assert learned([{**USUAL, "items": []}] * GONE_AFTER * 2, KNOWN)[1] == []


def test_keys_that_are_ids_have_an_end() -> None:
    shape, _ = learned(
        [{"by_id": {str(number): 1 for number in range(start, start + 200)}} for start in range(0, 9000, 200)]
    )
    assert len(shape.fields) <= MOST_FIELDS
    assert learned([{"by_id": {"another": 1}}], shape)[1] == []


def test_nothing_is_too_deep_or_too_long() -> None:
    deep: dict = {}
    inner = deep
    for _ in range(2000):
        inner["a"] = {}
        inner = inner["a"]
    assert len(fields_of(deep)) <= 8
    assert len(fields_of([{"a": 1}] * 100_000)) == 2
