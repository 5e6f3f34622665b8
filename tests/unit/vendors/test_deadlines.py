"""How long one call may take is the operator's to say."""

from vendors.catalogue import catalogue_of


def test_a_vendors_deadline_holds_for_each_of_its_operations() -> None:
    operations = catalogue_of({"cymbal": {"deadline_seconds": 7}}).operations.values()
    assert {item.deadline_seconds for item in operations if item.vendor == "cymbal"} == {7.0}
    assert {item.deadline_seconds for item in operations if item.vendor == "symphony"} == {30.0}
