"""What is said of a problem beside its code: the nearest right name."""

import pytest

from workflows.problems import MAX_NAME, nearest


@pytest.mark.parametrize(
    ("written", "told"),
    [("budgte", "budget"), ("ID", "id"), ("contact_ID", "contactId"), ("zzz", None)],
)
def test_the_nearest_name_is_found_in_capitals_or_not(written: str, told: str | None) -> None:
    expected = f"did you mean {told!r}?" if told else ""
    assert nearest(written, ["id", "budget", "contactId"]) == expected


def test_what_is_longer_than_any_name_is_compared_with_none() -> None:
    assert nearest("a" * (MAX_NAME + 1), ["a" * MAX_NAME]) == ""
