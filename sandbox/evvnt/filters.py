"""The filters evvnt's lists take in their query."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from sandbox.calls import Call
from sandbox.checks import Checker
from sandbox.evvnt.rules import country_code, moment
from sandbox.evvnt.samples import CATEGORIES

PAGE_SIZE = 20
LARGEST_PAGE = 100
FILTERS: Final = ("max_results", "newer_than", "category_id", "country", "page")

Row = dict[str, Any]


def page_of(call: Call, events: Iterable[Row], *more_filters: str) -> list[Row]:
    """Give the page of the events a call asks for, oldest change first; raises Refusal."""
    check = Checker(call.query_values(), "query")
    check.known(*FILTERS, *more_filters)
    size, page = _count(check, "max_results", PAGE_SIZE), _count(check, "page", 1)
    size = PAGE_SIZE if size > LARGEST_PAGE else size  # a larger one is ignored, as documented
    country = check.text("country", rule=country_code)
    categories, since = _categories(check), newer_than(check)
    check.refuse_problems()
    found = [
        event
        for event in sorted(events, key=lambda event: (event["timestamp"], event["id"]))
        if (since is None or moment(event["timestamp"]) > since)
        and (country is None or event["venue"]["country"] == country)
        and (categories is None or not categories.isdisjoint((event["category_id"], *event["sub_category_ids"])))
    ]
    return found[(page - 1) * size : page * size]


def newer_than(check: Checker) -> datetime | None:
    text = check.text("newer_than")
    try:
        return None if text is None else moment(text)
    except ValueError:
        check.problem("newer_than", "must be an instant with its offset")
        return None


def _count(check: Checker, name: str, default: int) -> int:
    text = check.text(name) or str(default)
    if not re.fullmatch(r"[1-9][0-9]{0,8}", text):
        check.problem(name, "must be a whole number above 0")
        return default
    return int(text)


def _categories(check: Checker) -> set[int] | None:
    """Read `category_id`: ids with commas between them, each standing for those below it too."""
    text = check.text("category_id")
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,9}(,[0-9]{1,9})*", text):
        check.problem("category_id", "must be ids with commas between them")
        return None
    found = {int(number) for number in text.split(",")}
    while more := {one["id"] for one in CATEGORIES if one["parent_id"] in found} - found:
        found |= more
    return found
