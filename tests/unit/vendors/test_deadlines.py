"""How long one call may take, how many at a time and how often is the operator's to say."""

from vendors.catalogue import catalogue_of
from workflows.catalogue import Limit


def test_a_vendors_deadline_holds_for_each_of_its_operations() -> None:
    operations = catalogue_of({"cymbal": {"deadline_seconds": 7}}).operations.values()
    assert {item.deadline_seconds for item in operations if item.vendor == "cymbal"} == {7.0}
    assert {item.deadline_seconds for item in operations if item.vendor == "symphony"} == {30.0}


def test_a_vendors_limits_and_concurrency_hold_where_they_are_stated() -> None:
    stated = {"concurrency": 2, "limits": ({"count": 3, "seconds": 10},)}

    found = catalogue_of({"cymbal": stated})

    assert (found.concurrency("cymbal"), found.limits("cymbal")) == (2, (Limit(3, 10.0),))
    assert (found.concurrency("symphony"), found.limits("symphony")) == (8, ())
