"""Laws of every operation's inputs: whatever comes in makes a request, or problems that say where they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, fields

from tests.unit.vendors.documented import DOCUMENTED, Documented, catalogue
from workflows.catalogue import Operation, Request
from workflows.errors import InputError
from workflows.language.types import Unknown, of_schema
from workflows.problems import Problem
from workflows.values import Money, Percent

CATALOGUE = catalogue()
NAMES = sorted(CATALOGUE.operations)


def input_fields(schema: Schema, path: str = "$") -> Iterator[tuple[str, fields.Field[Any]]]:
    for name, item in schema.fields.items():
        yield f"{path}.{name}", item
        inner = item.inner if isinstance(item, fields.List) else item
        if isinstance(inner, fields.Nested):
            yield from input_fields(inner.schema, f"{path}.{name}")


def known_names() -> list[str]:
    return sorted(
        {path.rpartition(".")[2] for name in NAMES for path, _ in input_fields(CATALOGUE.operation(name).inputs())}
    )


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text()
    | st.datetimes()
    | st.builds(Percent, st.decimals(allow_nan=False))
    | st.builds(Money, st.decimals(), st.sampled_from(["USD", "JPY", "nope", ""]))
    | st.sampled_from(
        [
            *("USD", "facebook", "symphony", "link_clicks", "get_playlisted", "country", "ana@example.com"),
            *("+19594746360", "https://x.example.com", "2026-03-01T05:00:00Z", "0001-01-01T00:00:00+23:59"),
            *(
                "9999-12-31T23:59:59-23:59",
                "..",
                "\ud800",
                "\x00",
                "[",
                "http://[",
                "https://x:99999999/",
                "1e999",
                "²",
            ),
        ]
    )
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(known_names()) | st.text(max_size=5), inner, max_size=8)
    ),
    max_leaves=25,
)


def outcome(operation: Operation, inputs: Any) -> Request | None:
    """The request, or None where there are problems; anything else is a failure of the law."""
    try:
        request = operation.prepare(inputs)
    except InputError as error:
        check_problems(error.problems)
        return None
    assert request.path.isascii()
    assert "/../" not in f"{request.path}/"
    (request.body or "").encode()
    assert operation.prepare(inputs) == request, "equal inputs give equal requests"
    assert operation.subjects_of(operation.load(inputs)) == operation.subjects_of(inputs)
    return request


@given(name=st.sampled_from(NAMES), inputs=ANYTHING)
def test_any_input_makes_a_request_or_problems_with_their_paths(name: str, inputs: Any) -> None:
    outcome(CATALOGUE.operation(name), inputs)


def check_problems(problems: Sequence[Problem]) -> None:
    assert problems
    for problem in problems:
        assert problem.path.startswith("$")
        assert problem.message
        str(problem).encode()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


@given(data=st.data(), documented=st.sampled_from(DOCUMENTED))
def test_any_one_change_of_a_good_input_makes_a_request_or_problems(
    data: st.DataObject, documented: Documented
) -> None:
    inputs: Any = {"inputs": deepcopy(dict(documented.inputs))}
    *steps, last = data.draw(st.sampled_from(list(places(inputs))[1:]))
    place = inputs
    for step in steps:
        place = place[step]
    place[last] = data.draw(ANYTHING)

    outcome(CATALOGUE.operation(documented.operation), inputs["inputs"])


@pytest.mark.parametrize("documented", DOCUMENTED, ids=str)
def test_the_order_of_names_does_not_change_the_bytes(documented: Documented) -> None:
    operation = CATALOGUE.operation(documented.operation)

    assert operation.prepare(dict(reversed(documented.inputs.items()))) == operation.prepare(documented.inputs)


@pytest.mark.parametrize("name", NAMES)
def test_every_input_says_what_it_is_for(name: str) -> None:
    silent = [
        path for path, item in input_fields(CATALOGUE.operation(name).inputs()) if not item.metadata.get("description")
    ]

    assert not silent


@pytest.mark.parametrize("name", NAMES)
def test_the_language_can_type_every_input_but_those_of_two_forms(name: str) -> None:
    operation = CATALOGUE.operation(name)

    of_schema(operation.inputs, as_input=True)

    untyped = {
        path.rpartition(".")[2] for path, item in input_fields(operation.inputs()) if isinstance(_typed(item), Unknown)
    }
    # A region's number is written in two ways, prices have labels of their own, several values are a list or a text,
    # and a segment's criteria an object or its JSON.
    assert untyped <= {"region_id", "prices", "include", "lists", "tags", "segment_criteria"}


def _typed(item: fields.Field[Any]) -> object:
    return of_schema(Schema.from_dict({"it": item}), as_input=True).fields["it"].type


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_says_where_it_is_documented_and_names_its_vendor(name: str) -> None:
    operation = CATALOGUE.operation(name)

    assert operation.source
    assert operation.summary.endswith(".")
    assert operation.vendor in {vendor.name for vendor in CATALOGUE.vendors}


def test_amounts_are_exact() -> None:
    request = CATALOGUE.operation("symphony.edit_campaign").prepare(
        {"id": 1, "budget": {"value": Decimal("0.1") + Decimal("0.2"), "currency": "USD"}}
    )

    assert request.body == '{"budget":{"value":0.3,"currency":"USD"}}'
