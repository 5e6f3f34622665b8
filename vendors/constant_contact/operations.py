"""Constant Contact's operations for partners: accounts, plans, webhooks, and `sync`.

What changes somebody's bill is looked at or asked about, never simply repeated.
"""

from __future__ import annotations

from marshmallow import Schema

from vendors.constant_contact import accounts, subscriptions
from vendors.constant_contact.envelope import SYNC
from vendors.constant_contact.looks import PLAN_CHANGED
from vendors.constant_contact.paging import linked_pages
from vendors.constant_contact.people import unsubscribed_subjects
from vendors.constant_contact.sync import Sync
from workflows.catalogue import Operation, Repeat, Undo

ACCOUNT = "constant_contact:account:{encoded_account_id}"
SUBSCRIPTION = "constant_contact:subscription:{topic_id}"

_TOPIC = "/partner/webhooks/subscriptions/{topic_id}"


def partner_operations() -> tuple[Operation, ...]:
    """Those on the partner's own account, and on its clients' as a whole."""
    return (
        Operation(
            name="constant_contact.list_accounts",
            summary="List the client accounts.",
            source="Constant Contact, Partners: GET accounts",
            method="GET",
            path="/partner/accounts",
            query=("limit", "offset", "account_type"),
            inputs=accounts.ListAccounts,
            body=None,
            output=accounts.AccountsPage,
            repeat=Repeat.SAFE,
            pages=linked_pages("site_owner_list", accounts.ListAccounts),
        ),
        Operation(
            name="constant_contact.create_account",
            summary="Create a client account; it starts with a free trial.",
            source="Constant Contact, Partners: Create an account",
            method="POST",
            path="/partner/accounts",
            inputs=accounts.CreateAccount,
            output=accounts.AccountCreated,
            repeat=Repeat.ASK,  # a 503 is stored and carried out later, and nothing can be read by login name
            advice={409: "the login name is taken: choose another one"},
        ),
        Operation(
            name="constant_contact.get_plan",
            summary="Read a client account's billing plan.",
            source="Constant Contact, Partners: GET plan",
            method="GET",
            path="/partner/accounts/{encoded_account_id}/plan",
            inputs=accounts.OneAccount,
            body=None,
            output=accounts.Plan,
            repeat=Repeat.SAFE,
        ),
        Operation(
            name="constant_contact.change_plan",
            summary="Change a client account's billing plan; leaving TRIAL starts the billing and cannot be undone.",
            source="Constant Contact, Partners: PUT plan",
            method="PUT",
            path="/partner/accounts/{encoded_account_id}/plan",
            inputs=accounts.ChangePlan,
            output=accounts.Plan,
            repeat=Repeat.VERIFY,
            verify=PLAN_CHANGED,
            subjects=(ACCOUNT,),
        ),
        Operation(
            name="constant_contact.cancel_account",
            summary="Cancel a client account; its service ends.",
            source="Constant Contact, Partners: Cancel an account",
            method="PUT",
            path="/partner/accounts/{encoded_account_id}/status/cancel",
            inputs=accounts.CancelAccount,
            repeat=Repeat.ASK,
            subjects=(ACCOUNT,),
        ),
        Operation(
            name="constant_contact.sync",
            summary="Make any other V3 call for a managed account, in Constant Contact's own fields.",
            source="Constant Contact, Partners: Account operations",
            method="POST",
            path=SYNC,
            inputs=Sync,
            repeat=Repeat.ASK,  # what repeating does is the inner call's to say, and this takes any
        ),
        Operation(
            name="constant_contact.create_sso_user",
            summary="Let somebody sign on to a client account from outside.",
            source="Constant Contact, Partners: Create an SSO user",
            method="POST",
            path="/partner/accounts/{encoded_account_id}/users/sso",
            inputs=accounts.CreateSsoUser,
            repeat=Repeat.ASK,
            advice={409: "a user with this login name exists already"},
        ),
        Operation(
            name="constant_contact.unsubscribe_contacts",
            summary="Unsubscribe up to 500 addresses of a client account.",
            source="Constant Contact, Partners: Unsubscribe contacts",
            method="POST",
            path="/partner/accounts/{encoded_account_id}/contacts/unsubscribe",
            inputs=accounts.UnsubscribeContacts,
            output=accounts.Unsubscribed,
            repeat=Repeat.SAFE,
            subjects=unsubscribed_subjects,
            reduces=True,
        ),
        Operation(
            name="constant_contact.list_subscriptions",
            summary="List which webhooks Constant Contact posts where.",
            source="Constant Contact, Partners: Webhooks",
            method="GET",
            path="/partner/webhooks/subscriptions",
            inputs=Schema,
            body=None,
            output=subscriptions.Subscriptions,
            repeat=Repeat.SAFE,
        ),
        Operation(
            name="constant_contact.get_subscription",
            summary="Read where the webhooks of one topic are posted.",
            source="Constant Contact, Partners: Webhooks",
            method="GET",
            path=_TOPIC,
            inputs=subscriptions.OneTopic,
            body=None,
            output=subscriptions.Subscription,
            repeat=Repeat.SAFE,
        ),
        Operation(
            name="constant_contact.subscribe",
            summary="Have the webhooks of one topic posted to an address.",
            source="Constant Contact, Partners: Webhooks",
            method="PUT",
            path=_TOPIC,
            inputs=subscriptions.Subscribe,
            output=subscriptions.Subscription,
            repeat=Repeat.SAFE,
            subjects=(SUBSCRIPTION,),
            undo=Undo(
                "constant_contact.unsubscribe",
                lambda inputs, reads: {"topic_id": inputs["topic_id"]},
                leaves="An address that was there before is not there again.",
            ),
        ),
        Operation(
            name="constant_contact.unsubscribe",
            summary="Have the webhooks of one topic posted no more.",
            source="Constant Contact, Partners: Webhooks",
            method="DELETE",
            path=_TOPIC,
            inputs=subscriptions.OneTopic,
            body=None,
            repeat=Repeat.SAFE,
            confirmed_by=(404,),  # there is none (any more), which is what was wanted
            subjects=(SUBSCRIPTION,),
            reduces=True,
        ),
        Operation(
            name="constant_contact.test_subscription",
            summary="Have a test notification posted to a topic's address.",
            source="Constant Contact, Partners: Webhooks",
            method="POST",
            path=f"{_TOPIC}/tests",
            inputs=subscriptions.OneTopic,
            body=None,
            repeat=Repeat.ASK,  # each one posts
        ),
    )
