"""Laws of reading bodies: whatever arrives, it becomes an arrival; and the quick way of loading is marshmallow's."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from marshmallow import ValidationError

from tasks.cli.letters import bodies
from tests.unit.webhooks.payloads import (
    CONFIGURED,
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
from webhooks.sources import (
    Greeting,
    constant_contact,
    cymbal,
    shopify,
    stripe,
    symphony,
    symphony_website,
    tickettailor,
)
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
    "symphony-site": bodies.website("published")(1),
    "constant-contact": bodies.account("tier.increase")(1),
    "tickettailor": ticket_event(),
    "eventbrite": bodies.eventbrite(CONFIGURED["eventbrite"], "order.placed")(1),
    "universe": bodies.universe(1),
    "shopify": bodies.shopify(1),
    "stripe": bodies.stripe(1),
    "box-office": {"orders": [box_office_order(), box_office_order(id="2")]},
    "standard": bodies.standard(CONFIGURED["standard"], "invoice.paid")(1),
    "github": bodies.github(CONFIGURED["github"], "push")(1),
    "partner": bodies.generic(CONFIGURED["partner"], "deal.won")(1),
}
HEADERS = {
    "x-shopify-topic": "orders/create",
    "x-uniiverse-event": "ticket_purchase",
    "x-github-event": "push",
    "webhook-id": "msg_1",
}
LOADERS = {
    "symphony": (Loader(symphony._Campaign), campaign_event()),
    "tickettailor": (Loader(tickettailor._Order), ticket_order()),
    "box-office": (Loader(cymbal._Orders), VALID["box-office"]),
    "shows": (Loader(cymbal._Events), bodies.cymbal_show("live")(1)),
    "shopify": (Loader(shopify._Order), VALID["shopify"]),
    "stripe": (Loader(stripe._Session), VALID["stripe"]["data"]["object"]),
    "constant-contact": (Loader(constant_contact._Notice), VALID["constant-contact"]),
    "website": (Loader(symphony_website._Website), VALID["symphony-site"]["data"]),
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
    assume(isinstance(found, Arrival))
    assert isinstance(found, Arrival)
    assert found.body == body
    assert (found.drafts is None) != (found.problems is None)
    (found.drafts or found.problems or "").encode()


@pytest.mark.parametrize("name", SOURCES)
@given(data=st.data())
def test_a_document_that_was_changed_anywhere_fits_or_says_where_it_does_not(name: str, data: st.DataObject) -> None:
    document = data.draw(mutated(VALID[name]))
    found = examine(SOURCES[name], Presented(encoded(document), HEADERS))
    if isinstance(found, Greeting):
        found.answer["challenge" if name == "partner" else "answer"].encode()
        return
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
