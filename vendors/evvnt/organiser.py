"""evvnt's Event Organiser API: packages, and the events one lists with them.

Everything that creates answers 200 with an id. There is no idempotency key: whether a purchase or a listing in doubt
went through is found out by looking (vendors/evvnt/looks.py).
"""

from __future__ import annotations

from vendors.evvnt import answers, events, inputs, looks
from vendors.evvnt.publisher import EVENT_PAGES, EVENT_QUERY
from workflows.catalogue import Operation, Repeat

EVENT = "evvnt:event:{event_id}"
PACKAGE_COST = "event_quantity times the cost_per_event of the package option (evvnt.get_contract), in its currency."
LISTING_COST = "One event of the package; evvnt does not tell how many are left."

ORGANISER_OPERATIONS = (
    Operation(
        name="evvnt.get_contract",
        summary="Read which packages can be bought, and what an event of each costs.",
        source="evvnt Event Organiser API, Get contract",
        method="GET",
        path="/contract",
        inputs=inputs.Nothing,
        body=None,
        output=answers.Contract,
        repeat=Repeat.SAFE,
    ),
    Operation(
        name="evvnt.buy_package",
        summary="Buy a package of events to list.",
        source="evvnt Event Organiser API, Purchase package",
        method="POST",
        path="/packages",
        inputs=inputs.Purchase,
        output=answers.Created,
        repeat=Repeat.VERIFY,
        verify=looks.AMONG_MY_PACKAGES,
        reference="purchase_order_id",
        spends=PACKAGE_COST,
    ),
    Operation(
        name="evvnt.list_packages",
        summary="Read the packages you bought.",
        source="evvnt Event Organiser API, List packages",
        method="GET",
        path="/packages/mine",
        inputs=inputs.Nothing,
        body=None,
        output=answers.Packages,
        repeat=Repeat.SAFE,
    ),
    Operation(
        name="evvnt.get_package",
        summary="Read one package.",
        source="evvnt Event Organiser API, Get package",
        method="GET",
        path="/packages/{package_id}",
        inputs=inputs.OnePackage,
        body=None,
        output=answers.Package,
        repeat=Repeat.SAFE,
    ),
    Operation(
        name="evvnt.create_event",
        summary="List a new event of yours.",
        source="evvnt Event Organiser API, Create event",
        method="POST",
        path="/events",
        inputs=events.CreateEvent,
        output=answers.Created,
        repeat=Repeat.VERIFY,
        verify=looks.AMONG_MY_EVENTS,
        subjects=looks.show_subjects,
        spends=LISTING_COST,
    ),
    Operation(
        name="evvnt.update_event",
        summary="Change an event of yours; what is left out stays as it is.",
        source="evvnt Event Organiser API, Update event",
        method="PUT",
        path="/events/{event_id}",
        inputs=events.UpdateEvent,
        output=answers.Undocumented,
        repeat=Repeat.SAFE,
        subjects=(EVENT,),
    ),
    Operation(
        name="evvnt.list_my_events",
        summary="Read your own events.",
        source="evvnt Event Organiser API, List my events",
        method="GET",
        path="/events/mine",
        query=EVENT_QUERY,
        inputs=inputs.EventFilter,
        body=None,
        output=answers.Events,
        repeat=Repeat.SAFE,
        pages=EVENT_PAGES,
    ),
    Operation(
        name="evvnt.get_event_report",
        summary="Read on which sites an event of yours is, and how often it was clicked.",
        source="evvnt Event Organiser API, Get event report",
        method="GET",
        path="/events/{event_id}/report",
        inputs=inputs.OneEvent,
        body=None,
        output=answers.Report,
        repeat=Repeat.SAFE,
    ),
)
