"""Laws of reading bodies: whatever arrives, it becomes an arrival; and the quick way of loading is marshmallow's."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from tests.unit.webhooks.payloads import (
    SOURCES,
    box_office_order,
    campaign_event,
    encoded,
    ticket_event,
    ticket_order,
)
from webhooks.errors import PayloadError
from webhooks.examination import examine
from webhooks.signatures import Presented
from webhooks.sources import cymbal_orders, symphony, tickettailor
from webhooks.sources.loading import Loader
from webhooks.sources.payload import read_json
from workflows import typed_json
from workflows.events import EVENT_TYPES
from workflows.ledger.arrivals import Arrival

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
VALID: dict[str, Any] = {
    "symphony": campaign_event(),
    "tickettailor": ticket_event(),
    "box-office": {"orders": [box_office_order(), box_office_order(id="2")]},
}
LOADERS = {
    "symphony": (Loader(symphony._Campaign), campaign_event()),
    "tickettailor": (Loader(tickettailor._Order), ticket_order()),
    "box-office": (Loader(cymbal_orders._Orders), VALID["box-office"]),
}


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in a document something stands."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in inner for found in paths(item, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The document with something else at `path`; with `...` nothing at all."""
    if not path:
        return new
    key, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    if not rest and new is ...:
        del copy[key]
    else:
        copy[key] = replaced(value[key], tuple(rest), new)
    return copy


@st.composite
def mutated(draw: st.DrawFn, document: Any) -> Any:
    for _ in range(draw(st.integers(0, 3))):
        path = draw(st.sampled_from(paths(document)))
        document = replaced(document, path, draw(json_values | (st.just(...) if path else st.none())))
    return document


@pytest.mark.parametrize("name", SOURCES)
@given(body=st.binary() | json_values.map(encoded))
def test_any_bytes_at_all_become_an_arrival(name: str, body: bytes) -> None:
    found = examine(SOURCES[name], Presented(body))
    assert isinstance(found, Arrival)
    assert found.body == body
    assert (found.drafts is None) != (found.problems is None)
    (found.drafts or found.problems or "").encode()


@pytest.mark.parametrize("name", SOURCES)
@given(data=st.data())
def test_a_document_that_was_changed_anywhere_fits_or_says_where_it_does_not(name: str, data: st.DataObject) -> None:
    document = data.draw(mutated(VALID[name]))
    found = examine(SOURCES[name], Presented(encoded(document)))
    assert isinstance(found, Arrival)
    assert found.key.isprintable()
    if found.drafts is None:
        problems = typed_json.load(found.problems or "")
        assert isinstance(problems, list)
        assert all(problem["path"].startswith("$") for problem in problems)
        return
    drafts = typed_json.load(found.drafts)
    assert isinstance(drafts, list)
    for draft in drafts:
        assert draft["subject"].isprintable()
        if draft["type"] in EVENT_TYPES:
            assert EVENT_TYPES[draft["type"]]().load(draft["data"]) == draft["data"]


@pytest.mark.parametrize("name", LOADERS)
@given(data=st.data())
def test_the_quick_way_of_loading_loads_what_marshmallow_loads(name: str, data: st.DataObject) -> None:
    loader, document = LOADERS[name]
    value = read_json(encoded(data.draw(mutated(document))))
    try:
        expected = loader._schema.load(value)
    except ValidationError:
        with pytest.raises(PayloadError):
            loader.load(value, "$")
    else:
        assert loader.load(value, "$") == expected
