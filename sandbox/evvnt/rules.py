"""What evvnt's page asks of a body. Problems become sentences: `event.venue.name` "Venue name can't be blank".

Where the Organiser's and the Partner's tables disagree (door time, images, sub-categories), each call is held to its
own. Lengths are counted with line breaks as evvnt gives them back, two characters each.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from sandbox.calls import Problem
from sandbox.checks import Checker, Rule, mail_address, sized, web_address
from sandbox.evvnt.samples import CATEGORIES, PACKAGE_OPTIONS

LINKS: Final = (
    *("Website", "Booking", "Inquiries", "Tickets", "Facebook", "Twitter"),
    *("MySpace", "YouTube", "Brochure", "MobileApp", "Periscope"),
)
OURS: Final = ""
"""The owner of what is our own; what is our users' has the user's uuid."""

TIMES: Final = ("start_time", "end_time", "door_time", "last_entry_time")
REQUIRED_TEXTS: Final = ("title", "start_time", "end_time", "summary", "description")
FIELDS: Final = (
    *("title", "capacity", "category_id", "package_id", *TIMES, "summary", "description", "image_urls"),
    *("organiser_name", "contact", "venue", "links", "prices", "artists", "keywords", "hashtag"),
)
WITH_POSTCODE: Final = ("GB", "US")
ORDER: Final = (("start_time", "end_time"), ("start_time", "last_entry_time"), ("last_entry_time", "end_time"))
PARTNER_ORDER: Final = (("start_time", "door_time"), ("door_time", "end_time"))
ORGANISER_ORDER: Final = (("door_time", "end_time"), ("door_time", "last_entry_time"))  # and not at the same time
MOST_IMAGES = 2
ValueRule = Callable[[str, object], str | None]

PRICE = re.compile(r"[A-Z]{3} \d+(\.\d+)?")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:?\d\d)")


def check_event(check: Checker, *, is_partner: bool, is_update: bool) -> None:
    """Check an event; of an update only what is sent."""
    check.known(*FIELDS, *(() if is_partner else ("sub_category_ids",)))
    for name in REQUIRED_TEXTS:
        check.text(name, required=not is_update, rule=_rule(name))
    for name in ("door_time", "last_entry_time", "package_id", "organiser_name", "artists", "keywords", "hashtag"):
        check.text(name, rule=_rule(name))
    check.integer("capacity", at_least=0)
    _check_category(check, check.integer("category_id", required=not is_update), "category_id")
    for number in check.integers("sub_category_ids"):
        _check_category(check, number, "sub_category_ids")
    _check_images(check, is_partner)
    _check_contact(check, is_required=not is_update)
    _check_venue(check, is_required=not is_update)
    _check_table(check, "links", _link)
    _check_table(check, "prices", _price, is_required=not is_update)
    _check_order(check, is_partner)


def check_purchase(check: Checker) -> None:
    check.known("id", "event_quantity", "purchase_order_id", "notes")
    option = check.integer("id", required=True)
    if option is not None and option not in [one["id"] for one in PACKAGE_OPTIONS]:
        check.problem("id", "is not an option of your contract")
    quantity = check.value.get("event_quantity")
    if isinstance(quantity, bool) or not isinstance(quantity, int):
        check.problem("event_quantity", "can't be blank, is not a number")
    elif quantity < 1:
        check.problem("event_quantity", "must be greater than 0")
    check.text("purchase_order_id")
    if not isinstance(check.value.get("notes", ""), str):
        check.problem("notes", "must be a text")


def check_user(check: Checker, *, is_update: bool) -> None:
    check.known("name", "email")
    check.text("name", required=not is_update)
    address = check.text("email", required=not is_update)
    if address is not None and mail_address(address) is not None:
        check.problems.append(Problem("", "Not a valid email address"))


def moment(text: str) -> datetime:
    """Read an instant with its offset, with or without a colon in it; raises ValueError."""
    if not MOMENT.fullmatch(text):
        raise ValueError(f"{text!r} has no offset or is no instant")
    return datetime.fromisoformat(text)


def stamp(now: float) -> str:
    """Write seconds since 1970 as evvnt's timestamps."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def with_line_breaks(text: str) -> str:
    """Write line breaks as evvnt gives them back."""
    return re.sub(r"\r\n|\r|\n", "\r\n", text)


def sentence(problem: Problem) -> str:
    """Say a problem as evvnt says it: `Event title can't be blank`."""
    blank = ("is required", "must be a text that is not empty", "must not be null")
    message = "can't be blank" if problem.message in blank else problem.message
    *parents, name = problem.path.split(".")
    noun = parents[-1].capitalize() if parents else ""
    return " ".join(word for word in (noun, name, message) if word)


def _rule(name: str) -> Rule | None:
    if name in TIMES:
        return _moment_rule
    limit = {"summary": sized(200), "description": sized(2000)}.get(name)
    return None if limit is None else lambda text: limit(with_line_breaks(text))


def _moment_rule(text: str) -> str | None:
    return "must be local time with its offset, as in 2018-06-23T22:00:00+0100" if _moment(text) is None else None


def _check_category(check: Checker, number: int | None, name: str) -> None:
    if number is not None and number not in [category["id"] for category in CATEGORIES]:
        check.problem(name, "is not a category")


def _check_images(check: Checker, is_partner: bool) -> None:
    """Check the images: a list; the Partner's table has one URL as a text, though its example is a list."""
    if is_partner and isinstance(check.value.get("image_urls"), str):
        check.text("image_urls", rule=web_address)
        return
    for url in check.texts("image_urls", at_most=MOST_IMAGES):
        if (wrong := web_address(url)) is not None:
            check.problem("image_urls", wrong)


def _check_contact(check: Checker, *, is_required: bool) -> None:
    contact = check.child("contact", required=is_required)
    if contact is not None:
        contact.known("name", "email", "tel")
        for name in ("name", "email", "tel"):
            contact.text(name, required=True, rule=mail_address if name == "email" else None)


def _check_venue(check: Checker, *, is_required: bool) -> None:
    venue = check.child("venue", required=is_required)
    if venue is None:
        return
    venue.known("id", "name", "address_1", "address_2", "town", "country", "postcode", "latitude", "longitude")
    for name in ("name", "address_1", "town"):
        venue.text(name, required=True)
    country = venue.text("country", required=True, rule=country_code)
    venue.text("address_2")
    venue.text("postcode", required=country in WITH_POSTCODE)
    venue.number("latitude", at_least=-90, at_most=90)
    venue.number("longitude", at_least=-180, at_most=180)


def country_code(text: str) -> str | None:
    """Say what is wrong with a country code, or None. The United Kingdom's is GB in ISO 3166."""
    is_code = len(text) == 2 and text.isascii() and text.isalpha() and text.isupper() and text != "UK"
    return None if is_code else "must be a two-letter ISO code, as in GB"


def _check_table(
    check: Checker, name: str, rule: Callable[[str, object], str | None], *, is_required: bool = False
) -> None:
    """Check an object of texts by label."""
    table = check.child(name, required=is_required)
    if table is None:
        return
    if is_required and not table.value:
        check.problem(name, "can't be blank")
    for label, value in table.value.items():
        if (wrong := rule(label, value)) is not None:
            table.problem(label, wrong)


def _link(label: str, value: object) -> str | None:
    if label not in LINKS:
        return f"is not one of {', '.join(LINKS)}"
    return web_address(value) if isinstance(value, str) else "must be a URL"


def _price(label: str, value: object) -> str | None:
    is_price = isinstance(value, str) and PRICE.fullmatch(value)
    return None if is_price else "must be a currency and an amount, as in GBP 50"


def _check_order(check: Checker, is_partner: bool) -> None:
    """Check the order of those times that are sent."""
    at = {name: read for name in TIMES if (read := _moment(check.value.get(name))) is not None}
    for earlier, later in (*ORDER, *(PARTNER_ORDER if is_partner else ())):
        if earlier in at and later in at and at[later] < at[earlier]:
            check.problem(later, f"must not be before {earlier}")
    for earlier, later in () if is_partner else ORGANISER_ORDER:
        if earlier in at and later in at and at[later] <= at[earlier]:
            check.problem(earlier, f"must be before {later}")


def _moment(value: object) -> datetime | None:
    try:
        return moment(value) if isinstance(value, str) else None
    except ValueError:
        return None
