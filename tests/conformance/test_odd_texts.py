"""Whatever stands where in a webhook, it is stored and taken in, or rejected with a reason, on both engines."""

import contextlib
import random
import string
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from tests.builders.ledger import ClockedDatabase
from tests.properties.test_payloads import HEADERS, VALID, paths, replaced
from tests.unit.webhooks.payloads import SOURCES, encoded, ticket_event
from vendors.catalogue import catalogue_of
from webhooks.examination import examine
from webhooks.signatures import Presented
from workflows.ledger.arrivals import Arrival, Receipt
from workflows.ledger.inbox import InboxWriter
from workflows.ledger.tables import deliveries
from workflows.runtime.intake import Intake
from workflows.runtime.rules import Rules

ODD = ["a\x00b", "".join(random.Random(1).choices(string.ascii_letters, k=20_000))]
"""No index takes the long one, however well PostgreSQL packs it."""
DOCUMENTS = [*VALID.items(), ("tickettailor", ticket_event("EVENT.CREATED"))]


def examined(name: str, document: Any) -> Arrival:
    """As where the source is one whose deliveries are numbered, so that their subjects are stored with them."""
    source = replace(SOURCES[name], quarantine="", admission=replace(SOURCES[name].admission, sequence="number"))
    found = examine(source, Presented(encoded({**document, "number": 1}), HEADERS))
    assert isinstance(found, Arrival)
    return found


def odd(document: Any, text: str) -> Iterator[Any]:
    """The document with `text` in the place of each text and number of it, one after the other."""
    for path in paths(document):
        value = document
        for key in path:
            value = value[key]
        if isinstance(value, str | int) and path != ("challenge",):
            yield replaced(document, path, text)


@pytest.mark.parametrize("text", ODD, ids=["a NUL", "very long"])
def test_no_text_of_a_sender_is_more_than_the_ledger_can_keep(
    clocked: ClockedDatabase, database_url: str, text: str
) -> None:
    examples = [(name, document) for name, valid in DOCUMENTS for document in odd(valid, text)]
    examined_ones = [examined(*example) for example in examples]
    # Each is to be stored, also where several have one id.
    arrivals = [replace(one, key=f"{one.key} {index}") for index, one in enumerate(examined_ones)]
    with contextlib.closing(InboxWriter(database_url)) as writer, writer.turn():
        results = [writer.store([arrival])[0] for arrival in arrivals]
    assert [result for result in results if not isinstance(result, Receipt)] == []
    intake = Intake(clocked, Rules(catalogue_of({})))
    while intake.take_batch():
        pass
    with clocked.read() as connection:
        found = dict(tuple(row) for row in connection.execute(sa.select(deliveries.c.id, deliveries.c.state)))
    assert found == {arrival.id: "rejected" if arrival.problems else "taken" for arrival in arrivals}
    assert {"rejected", "taken"} <= set(found.values())
