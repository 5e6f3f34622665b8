"""Client accounts: the list, provisioning, plans, cancelling, users who sign on from outside.

A new account may take a while to appear: `provisioning_seconds` says how long. With a fault that answers Create
account 503 and processes it all the same, this is the request that is stored and carried out later.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import uuid4

from sandbox.calls import Answer, Call, Operation, Refusal
from sandbox.checks import Checker, mail_address, sized, web_address
from sandbox.constant_contact.samples import account, accounts
from sandbox.constant_contact.values import Row, cursor, instant, not_found, resumed, stamp
from sandbox.knobs import Knobs
from sandbox.store import Store, json_shelf

ACCOUNTS: Final = "/v3/partner/accounts"
ONE: Final = f"{ACCOUNTS}/<encoded_account_id>"

SMALLEST_PAGE, LARGEST_PAGE = 10, 50
SHOWN: Final = ("encoded_account_id", "organization_name", "site_owner_name", "billing_status", "last_login_date")
PLANS: Final = ("TRIAL", "BRONZE", "SILVER", "GOLD")
REASONS: Final = (1, 2, 3, 11, 12, 14, 21, 27, 30)
ROLES: Final = ("account_manager", "campaign_creator")
LOGIN_NAME = re.compile(r"[A-Za-z0-9\-_@.+]{6,50}")
WITH_STATE: Final = ("US", "USA", "CA", "CAN")

# Create account: the optional texts with their least and greatest length.
LENGTHS: Final = {
    "password": (8, 80),
    "first_name": (2, 80),
    "last_name": (2, 80),
    "organization_name": (1, 50),
    "contact_phone": (5, 25),
    "organization_phone": (5, 25),
    "partner_account_id": (1, 80),
    "time_zone_id": (1, 80),
    "external_id": (1, 255),
    "external_provider": (1, 80),
}
FLAGS: Final = ("managed_site_owner", "enable_single_billing", "gdpr_opt_out")


class Accounts:
    """Every account: ours, and one of another partner."""

    def __init__(
        self,
        store: Store,
        knobs: Knobs,
        clock: Callable[[], float],
        *,
        subscribers: Callable[[str], int],
        tell_cancelled: Callable[[str], None],
    ) -> None:
        self._knobs = knobs
        self._clock = clock
        self._subscribers = subscribers
        self._tell_cancelled = tell_cancelled
        self._shelf = json_shelf(store, "constant_contact.accounts")
        self._shelf.fill({row["encoded_account_id"]: row for row in accounts()})
        self._users = json_shelf(store, "constant_contact.users")
        self._changes = json_shelf(store, "constant_contact.plan_changes")

    def operations(self) -> Sequence[Operation]:
        return [
            Operation("constant_contact.list_accounts", "GET", ACCOUNTS, self.list_accounts),
            Operation("constant_contact.create_account", "POST", ACCOUNTS, self.create),
            Operation("constant_contact.get_plan", "GET", f"{ONE}/plan", self.get_plan),
            Operation("constant_contact.change_plan", "PUT", f"{ONE}/plan", self.change_plan),
            Operation("constant_contact.cancel_account", "PUT", f"{ONE}/status/cancel", self.cancel),
            Operation("constant_contact.create_sso_user", "POST", f"{ONE}/users/sso", self.create_user),
        ]

    def state(self) -> dict[str, Any]:
        return {
            "accounts": [self._now(row) for row in self._shelf.values()],
            "plan_changes": self._changes.values(),
            "sso_users": self._users.values(),
        }

    def ours(self) -> list[Row]:
        """List our accounts that are ready."""
        now = self._clock()
        return [self._now(row) for row in self._shelf.values() if row["is_ours"] and row["opens_at"] <= now]

    def found(self, call: Call) -> Row:
        """Find the account in the call's path; raises Refusal."""
        key = call.arguments["encoded_account_id"]
        row = self._shelf.get(key)
        if row is None or row["opens_at"] > self._clock():
            raise not_found("account")
        if not row["is_ours"]:
            raise Refusal(400, "the account belongs to another partner")
        return row

    def list_accounts(self, call: Call) -> Answer:
        query, given = resumed(call.query_values(), "offset")
        check = Checker(query, "query")
        check.known("limit", "account_type")
        kind = check.choice("account_type", ("all", "managed", "unmanaged")) or "all"
        check.refuse_problems()
        size = _page_size(call.query_value("limit"))
        rows = [row for row in self.ours() if kind == "all" or row["is_managed"] == (kind == "managed")]
        end = given + size
        following = {"href": f"{ACCOUNTS}?offset={cursor(query, end)}&limit={size}"}
        shown = [self._shown(row) for row in rows[given:end]]
        return Answer(200, {"site_owner_list": shown, "_links": {"next": following} if end < len(rows) else {}})

    def create(self, call: Call) -> Answer:
        check = Checker(call.json())
        _check_account(check)
        check.refuse_problems()
        body = check.value
        if body["login_name"] in [row["login_name"] for row in self._shelf.values()]:
            raise Refusal(409, "the login name is taken")
        key = f"a07e{secrets.token_hex(4)}"
        names = [body[name] for name in ("first_name", "last_name") if name in body]
        about = {"organization_name": body.get("organization_name"), "site_owner_name": " ".join(names) or None}
        opens_at = self._clock() + self._knobs["provisioning_seconds"]
        self._shelf.put(key, {**account(key, login_name=body["login_name"], opens_at=opens_at), **about})
        return Answer(201, {"encoded_account_id": key, "provision_uuid": str(uuid4())})

    def get_plan(self, call: Call) -> Answer:
        return Answer(200, self._plan(self.found(call)))

    def change_plan(self, call: Call) -> Answer:
        """Change the plan. Leaving the trial opens the billing, and there is no way back."""
        row = self.found(call)
        check = Checker(call.json())
        check.known("plan_type", "plan_group_id", "billing_day_of_month")
        kind = check.choice("plan_type", PLANS, required=True)
        check.text("plan_group_id")
        day = check.integer("billing_day_of_month", at_least=1, at_most=31)
        before = row["plan"]["plan_type"]
        if kind == "TRIAL" and before != "TRIAL":
            check.problem("plan_type", "cannot be TRIAL again")
        check.refuse_problems()
        plan = {**row["plan"], "plan_type": kind, "plan_group_id": check.value.get("plan_group_id")}
        if before == "TRIAL" and kind != "TRIAL":
            plan["billing_day_of_month"] = day
            row = {**row, "billing_status": "Open"}
        row = {**row, "plan": plan}
        self._shelf.put(row["encoded_account_id"], row)
        change = {"encoded_account_id": row["encoded_account_id"], "from": before, "to": kind}
        self._changes.put(str(len(self._changes) + 1), {**change, "at": stamp(self._clock())})
        return Answer(200, self._plan(row))

    def cancel(self, call: Call) -> Answer:
        row = self.found(call)
        check = Checker(call.json() if call.body else {})
        check.known("effective_date", "reason_id")
        at = instant(check, "effective_date")
        reason = check.integer("reason_id")
        if reason is not None and reason not in REASONS:
            check.problem("reason_id", f"must be one of {', '.join(map(str, REASONS))}")
        now = self._clock()
        if at is not None and at.timestamp() <= now:
            check.problem("effective_date", "must be in the future")
        check.refuse_problems()
        effective = now if at is None else at.timestamp()
        self._shelf.put(row["encoded_account_id"], {**row, "cancelled_at": effective})
        if at is None:
            self._tell_cancelled(row["encoded_account_id"])
        return Answer(200, {"effective_date": stamp(effective), "reason_id": reason})

    def create_user(self, call: Call) -> Answer:
        row = self.found(call)
        check = Checker(call.json())
        names = ("first_name", "last_name", "contact_email", "login_name", "external_id", "external_provider")
        check.known("role_name", *names)
        check.choice("role_name", ROLES, required=True)
        for name in names:
            check.text(name, required=True, rule=mail_address if name == "contact_email" else None)
        check.refuse_problems()
        key = check.value["login_name"]
        if self._users.get(key) is not None:
            raise Refusal(409, "the login name is taken")
        self._users.put(key, {"encoded_account_id": row["encoded_account_id"], **check.value})
        return Answer(201, check.value)

    def _shown(self, row: Row) -> Row:
        count = self._subscribers(row["encoded_account_id"])
        return {**{name: row[name] for name in SHOWN}, "subscriber_count": count}

    def _plan(self, row: Row) -> Row:
        return {**row["plan"], "billing_status": self._now(row)["billing_status"]}

    def _now(self, row: Row) -> Row:
        """Show an account as it is by now: a cancellation may have come into effect."""
        is_over = row["cancelled_at"] is not None and row["cancelled_at"] <= self._clock()
        return {**row, "billing_status": "Canceled"} if is_over else row


def _page_size(text: str | None) -> int:
    """Read `limit`; a value that is not within bounds is ignored, as documented."""
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) < 6
    size = int(text) if text is not None and is_number else LARGEST_PAGE
    return size if SMALLEST_PAGE <= size <= LARGEST_PAGE else LARGEST_PAGE


def _check_account(check: Checker) -> None:
    check.known(
        "contact_email", "country_code", "login_name", "state_code", "website", "billing_locale", *LENGTHS, *FLAGS
    )
    check.text("contact_email", required=True, rule=lambda text: sized(80)(text) or mail_address(text))
    country = check.text("country_code", required=True, rule=sized(3, least=2))
    check.text("login_name", required=True, rule=_login_name)
    if country is not None:
        _check_state(check, has_states=country in WITH_STATE)
    for name, (least, most) in LENGTHS.items():
        check.text(name, rule=sized(most, least))
    if check.has("password") and (check.has("external_id") or check.has("external_provider")):
        check.problem("password", "does not go with an external authenticator")
    check.text("website", rule=web_address)
    check.choice("billing_locale", ("en_US", "en_GB"))
    for name in FLAGS:
        check.boolean(name)


def _check_state(check: Checker, *, has_states: bool) -> None:
    """Check the state: a must in the US and Canada; elsewhere required too, says the table, and to be left blank."""
    state = check.value.get("state_code", "")
    if has_states:
        check.text("state_code", required=True, rule=sized(2, least=2))
    elif state != "":
        check.problem("state_code", "must be blank outside the US and Canada")


def _login_name(text: str) -> str | None:
    return None if LOGIN_NAME.fullmatch(text) else "must be 6 to 50 letters, digits or - _ @ . +"
