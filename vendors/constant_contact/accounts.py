"""The inputs and answers of the calls about client accounts (Constant Contact, Partners: Accounts)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load

from vendors.constant_contact.paging import Page
from vendors.fields import (
    Identifier,
    OneOf,
    Whole,
    Words,
    about,
    amount_of,
    between,
    characters,
    checks_whole,
    email_address,
    listed,
    web_address,
)
from vendors.moments import Moment
from workflows.fields import Flag, OpenSchema, Text
from workflows.values import utc_now

PLANS = ("TRIAL", "BRONZE", "SILVER", "GOLD")
REASONS = (1, 2, 3, 11, 12, 14, 21, 27, 30)
ROLES = ("account_manager", "campaign_creator")
WITH_STATES = ("US", "USA", "CA", "CAN")
MOST_ADDRESSES = 500

_LOGIN_NAME = re.compile(r"[A-Za-z0-9_@.+-]{6,50}")


def login_name(value: str) -> None:
    if not _LOGIN_NAME.fullmatch(value):
        raise ValidationError("must be 6 to 50 letters, digits or any of - _ @ . +")


def in_the_future(value: datetime) -> None:
    if value <= utc_now():
        raise ValidationError("must be in the future; leave it out to mean now")


def known_reason(value: int) -> None:
    if value not in REASONS:
        raise ValidationError(f"must be {listed([str(reason) for reason in REASONS])}")


class ListAccounts(Schema):
    """Which client accounts."""

    limit = Whole(validate=between(10, 50), metadata=about("Accounts a page, 10 to 50; others would be ignored."))
    offset = Identifier(metadata=about("Where the page begins, from the link of the page before."))
    account_type = Text(
        validate=OneOf(("all", "managed", "unmanaged")), metadata=about("all, managed or unmanaged accounts.")
    )


class ClientAccount(OpenSchema):
    """An account as the list shows it. `billing_status` is Trial, Open, Canceled, Trial End, or another text."""

    encoded_account_id = Text(required=True)
    subscriber_count = Whole(allow_none=True)
    organization_name = Text(allow_none=True)
    site_owner_name = Text(allow_none=True)
    billing_status = Text(allow_none=True)
    last_login_date = Text(allow_none=True)


class AccountsPage(Page):
    site_owner_list = fields.List(fields.Nested(ClientAccount), required=True)


class CreateAccount(Schema):
    """A new client account, which starts with a free trial."""

    contact_email = Text(
        required=True, validate=[email_address, characters(80)], metadata=about("The owner's e-mail address.")
    )
    contact_phone = Words(validate=characters(25, 5), metadata=about("The owner's phone."))
    country_code = Words(
        required=True, validate=characters(3, 2), metadata=about("The country's ISO 3166 code, such as US.")
    )
    organization_name = Words(validate=characters(50), metadata=about("What the organization is called."))
    organization_phone = Words(validate=characters(25, 5), metadata=about("The organization's phone."))
    state_code = Text(
        load_default="", metadata=about("The state or province, in the US and Canada only; elsewhere left blank.")
    )
    time_zone_id = Words(metadata=about("The time zone, such as US/Eastern."))
    website = Text(validate=web_address, metadata=about("The organization's website."))
    login_name = Words(required=True, validate=login_name, metadata=about("A login name nobody else has."))
    password = Words(
        validate=characters(80, 8), metadata=about("The first password; not with an external authenticator.")
    )
    first_name = Words(validate=characters(80, 2), metadata=about("The owner's first name."))
    last_name = Words(validate=characters(80, 2), metadata=about("The owner's last name."))
    partner_account_id = Words(validate=characters(80), metadata=about("Your own id of the account."))
    billing_locale = Text(
        validate=OneOf(("en_US", "en_GB")), metadata=about("en_US bills in US dollars, en_GB in pounds.")
    )
    managed_site_owner = Flag(metadata=about("true if the account is managed by you."))
    enable_single_billing = Flag(metadata=about("true if you are billed for the account."))
    gdpr_opt_out = Flag(metadata=about("true if Constant Contact must send its owner no marketing."))
    external_id = Words(metadata=about("The owner's id at the external authenticator."))
    external_provider = Words(metadata=about("The external authenticator."))

    @checks_whole
    def _fits_together(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        problems: dict[str, list[str]] = {}
        country, state = loaded.get("country_code"), loaded.get("state_code", "")
        if country in WITH_STATES and len(state) != 2:
            problems["state_code"] = ["must be the two-letter code of the state or province"]
        elif country is not None and country not in WITH_STATES and state:
            problems["state_code"] = ["must be left out outside the US and Canada"]
        if "password" in given and given.keys() & {"external_id", "external_provider"}:
            problems["password"] = ["does not go with an external authenticator: leave out one of them"]
        if problems:
            raise ValidationError(problems)

    @post_load
    def _state_is_sent(self, loaded: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Blank counts as a value: the field is required everywhere."""
        return {"state_code": "", **loaded}


class AccountCreated(OpenSchema):
    encoded_account_id = Text(required=True)
    provision_uuid = Text()


class OneAccount(Schema):
    """The client account meant."""

    encoded_account_id = Identifier(
        required=True, metadata=about("The client account's id, from constant_contact.list_accounts.")
    )


class Plan(OpenSchema):
    """A billing plan. What else it holds (tiers, prices) is kept as it comes."""

    plan_type = Text(allow_none=True)
    plan_group_id = Text(allow_none=True)
    billing_status = Text(allow_none=True)
    billing_day_of_month = Whole(allow_none=True)


class ChangePlan(OneAccount):
    """The plan wanted. Leaving TRIAL opens the billing and cannot be undone."""

    plan_type = Text(required=True, validate=OneOf(PLANS), metadata=about("TRIAL, BRONZE, SILVER or GOLD."))
    plan_group_id = Identifier(metadata=about("The group the plan belongs to."))
    billing_day_of_month = Whole(
        validate=between(1, 31), metadata=about("The day bills are made; it counts only when TRIAL is left.")
    )


class CancelAccount(OneAccount):
    """When service ends, and why."""

    effective_date = Moment(validate=in_the_future, metadata=about("When service ends; left out, at once."))
    reason_id = Whole(validate=known_reason, metadata=about("Constant Contact's number of the reason for cancelling."))


class CreateSsoUser(OneAccount):
    """Somebody who signs on to the account from outside."""

    first_name = Words(required=True, metadata=about("The user's first name."))
    last_name = Words(required=True, metadata=about("The user's last name."))
    role_name = Text(required=True, validate=OneOf(ROLES), metadata=about("account_manager or campaign_creator."))
    contact_email = Text(required=True, validate=email_address, metadata=about("The user's e-mail address."))
    login_name = Words(required=True, metadata=about("A login name nobody else has."))
    external_id = Words(required=True, metadata=about("The user's id at the external provider."))
    external_provider = Words(required=True, metadata=about("The provider the user signs on with."))


class UnsubscribeContacts(OneAccount):
    """Whom to write no more."""

    update_source = Text(
        required=True,
        validate=OneOf(("Account", "Contact", "System")),
        metadata=about("Who asked for it: Account, Contact or System."),
    )
    email_addresses = fields.List(
        Text(validate=email_address),
        required=True,
        validate=amount_of("item", 1, MOST_ADDRESSES),
        metadata=about("The addresses, at most 500."),
    )
    opt_out_reason = Words(validate=characters(255), metadata=about("Why, in the person's words."))
    delete_contacts = Flag(metadata=about("true deletes the contacts as well."))
    global_unsubscribe = Flag(metadata=about("true holds for all your accounts, and for exactly one address."))

    @checks_whole
    def _one_address_globally(self, loaded: dict[str, Any], given: Mapping[str, Any]) -> None:
        if loaded.get("global_unsubscribe") and len(loaded.get("email_addresses", [""])) != 1:
            raise ValidationError("must be exactly one address with global_unsubscribe", "email_addresses")


class Unsubscribed(OpenSchema):
    unsubscribed_count = Whole(required=True)
