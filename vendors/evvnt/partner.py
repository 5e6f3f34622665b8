"""evvnt's Partner API: users of yours, and packages and events in their name (for white-label partners only).

A `user_id` of nobody's or of somebody else's is answered with 403.
"""

from __future__ import annotations

from types import MappingProxyType

from vendors.evvnt import answers, events, inputs, looks
from vendors.evvnt.organiser import EVENT, LISTING_COST, PACKAGE_COST
from vendors.evvnt.publisher import EVENT_PAGES, EVENT_QUERY
from workflows.catalogue import Operation, Repeat

USER = "evvnt:user:{user_id}"
UNKNOWN_USER = MappingProxyType({403: "the user_id must be that of a user you created (evvnt.list_users)"})

PARTNER_OPERATIONS = (
    Operation(
        name="evvnt.create_user",
        summary="Create a user, to list events in their name.",
        source="evvnt Partner API, Create user",
        method="POST",
        path="/users",
        inputs=inputs.NewUser,
        output=answers.Created,
        repeat=Repeat.VERIFY,
        verify=looks.AMONG_USERS,
        subjects=looks.user_subjects,
    ),
    Operation(
        name="evvnt.list_users",
        summary="Read the users you created.",
        source="evvnt Partner API, List users",
        method="GET",
        path="/users",
        inputs=inputs.Nothing,
        body=None,
        output=answers.Users,
        repeat=Repeat.SAFE,
    ),
    Operation(
        name="evvnt.get_user",
        summary="Read one user.",
        source="evvnt Partner API, Get user",
        method="GET",
        path="/users/{user_id}",
        inputs=inputs.OneUser,
        body=None,
        output=answers.User,
        repeat=Repeat.SAFE,
    ),
    Operation(
        name="evvnt.update_user",
        summary="Change a user's name or e-mail address; what is left out stays as it is.",
        source="evvnt Partner API, Update user",
        method="PUT",
        path="/users/{user_id}",
        inputs=inputs.ChangedUser,
        output=answers.Undocumented,
        repeat=Repeat.SAFE,
        subjects=(USER,),
    ),
    Operation(
        name="evvnt.buy_package_for_user",
        summary="Buy a package of events for a user to list.",
        source="evvnt Partner API, Purchase package for a user",
        method="POST",
        path="/packages",
        query=("user_id",),
        inputs=inputs.PurchaseForUser,
        output=answers.Created,
        repeat=Repeat.VERIFY,
        verify=looks.AMONG_A_USERS_PACKAGES,
        reference="purchase_order_id",
        spends=PACKAGE_COST,
        advice=UNKNOWN_USER,
    ),
    Operation(
        name="evvnt.list_user_packages",
        summary="Read the packages of a user.",
        source="evvnt Partner API, List packages of a user",
        method="GET",
        path="/users/{user_id}/packages",
        inputs=inputs.OneUser,
        body=None,
        output=answers.Packages,
        repeat=Repeat.SAFE,
    ),
    Operation(
        name="evvnt.create_event_for_user",
        summary="List a new event in a user's name.",
        source="evvnt Partner API, Create event for a user",
        method="POST",
        path="/events",
        query=("user_id", "publisher_id", "package_id"),
        inputs=events.CreateEventForUser,
        output=answers.Created,
        repeat=Repeat.VERIFY,
        verify=looks.AMONG_A_USERS_EVENTS,
        subjects=looks.show_subjects,
        spends=LISTING_COST,
        advice=UNKNOWN_USER,
    ),
    Operation(
        name="evvnt.update_event_for_user",
        summary="Change an event of a user; what is left out stays as it is.",
        source="evvnt Partner API, Update event for a user",
        method="PUT",
        path="/events/{event_id}",
        query=("user_id",),
        inputs=events.UpdateEventForUser,
        output=answers.Undocumented,
        repeat=Repeat.SAFE,
        subjects=(EVENT,),
        advice=UNKNOWN_USER,
    ),
    Operation(
        name="evvnt.list_our_events",
        summary="Read the events of your users.",
        source="evvnt Partner API, List our events",
        method="GET",
        path="/events/ours",
        query=("user_id", *EVENT_QUERY),
        inputs=inputs.OurEventFilter,
        body=None,
        output=answers.Events,
        repeat=Repeat.SAFE,
        pages=EVENT_PAGES,
    ),
    Operation(
        name="evvnt.get_our_event",
        summary="Read one event of your users.",
        source="evvnt Partner API, Get our event",
        method="GET",
        path="/events/ours/{event_id}",
        inputs=inputs.OneEvent,
        body=None,
        output=answers.Event,
        repeat=Repeat.SAFE,
    ),
)
