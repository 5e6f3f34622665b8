"""What the stand-in Constant Contact knows from the start, with the ids the documents' examples use."""

from __future__ import annotations

from typing import Any, Final

Row = dict[str, Any]

ACCOUNT: Final = "a07e1lxqqqo0"
OTHER_ACCOUNT: Final = "a07e1my9tbw0"
FOREIGN_ACCOUNT: Final = "a07e1partner2"
"""An account of another partner."""

LISTS: Final = {
    "66d9b5f0-5a95-11eb-a9a2-fa163e5bf31a": "Ticket buyers",
    "57ee2b14-f101-11e9-898f-fa163e56c9b0": "General interest",
}
TAGS: Final = {"5d2f4a4c-0000-4000-8000-000000000001": "vip"}
CUSTOM_FIELDS: Final = ("favourite_venue", "last_show")
"""The custom fields every account has: none can be made here, and a contact's have to exist."""

SAMPLE_STAMP: Final = "2019-10-17T22:48:38Z"
ACCOUNTS_IN_ALL = 12  # more than a page of the smallest size


def accounts() -> list[Row]:
    """Make the accounts: two from the documents' examples, others managed and unmanaged by turns, one not ours."""
    keys = [ACCOUNT, OTHER_ACCOUNT, *(f"a07e1sample{number:02}" for number in range(ACCOUNTS_IN_ALL - 2))]
    ours = [_sample(key, is_managed=number < 2 or number % 2 == 0) for number, key in enumerate(keys)]
    return [*ours, _sample(FOREIGN_ACCOUNT, is_ours=False)]


def account(key: str, *, login_name: str, opens_at: float = 0, is_managed: bool = True, is_ours: bool = True) -> Row:
    """Make an account as every one begins: with a trial."""
    return {
        "encoded_account_id": key,
        "organization_name": None,
        "site_owner_name": None,
        "billing_status": "Trial",
        "last_login_date": None,
        "login_name": login_name,
        "is_managed": is_managed,
        "is_ours": is_ours,
        "plan": {"plan_type": "TRIAL", "plan_group_id": None, "billing_day_of_month": None},
        "opens_at": opens_at,
        "cancelled_at": None,
    }


def _sample(key: str, *, is_managed: bool = True, is_ours: bool = True) -> Row:
    row = account(key, login_name=f"owner.{key}", is_managed=is_managed, is_ours=is_ours)
    about = {"organization_name": f"Organization {key[-4:]}", "site_owner_name": "Jo Field"}
    return {**row, **about, "last_login_date": SAMPLE_STAMP}


def contacts() -> list[Row]:
    """Make two contacts: one who may be written to, and one who unsubscribed."""
    first = _contact("5ef41618-f130-11e9-91a7-fa163e56c9b0", "fan@example.com", "Ana", "Ray")
    second = _contact("00000000-0000-0000-0000-000000000001", "gone@example.com", "Ben", "Lee")
    second["email_address"] |= {
        "permission_to_send": "unsubscribed",
        "opt_out_source": "Contact",
        "opt_out_date": "2020-10-28T15:49:55Z",
        "opt_out_reason": "Too many e-mails",
    }
    return [{**first, "list_memberships": list(LISTS)[1:]}, second]


def _contact(contact_id: str, address: str, first_name: str, last_name: str) -> Row:
    return {
        "contact_id": contact_id,
        "email_address": {
            "address": address,
            "permission_to_send": "implicit",
            "created_at": SAMPLE_STAMP,
            "updated_at": SAMPLE_STAMP,
            "opt_in_source": "Account",
            "opt_in_date": SAMPLE_STAMP,
            "confirm_status": "off",
        },
        "first_name": first_name,
        "last_name": last_name,
        "update_source": "Account",
        "create_source": "Account",
        "created_at": SAMPLE_STAMP,
        "updated_at": SAMPLE_STAMP,
        "list_memberships": [],
    }
