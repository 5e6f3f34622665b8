"""Keys by which events and runs are found: short whatever the value is, and as different as the values are."""

from decimal import Decimal

import pytest

from workflows.engine.correlation import LONGEST_VALUE, correlation_key, key_text


def written(value: object) -> str | None:
    key = correlation_key("order.placed", "data.id", value)
    return None if key is None else key.removeprefix("order.placed|data.id|")


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("7", "s:7"),
        (7, "n:7"),
        (Decimal("7.00"), "n:7"),
        (Decimal("7.50"), "n:7.5"),
        (Decimal("1E+2"), "n:100"),
        (True, None),
        (None, None),
        (Decimal("NaN"), None),
        ([7], None),
    ],
)
def test_a_key_tells_texts_from_numbers_and_takes_equal_numbers_as_one(value: object, key: str | None) -> None:
    assert written(value) == key


def test_a_number_that_would_fill_the_memory_is_not_written_out() -> None:
    assert written(Decimal("1E+999999999")) == "n:1E+999999999"
    assert written(Decimal("1E-999999999")) == "n:1E-999999999"


@pytest.mark.parametrize("make", [written, key_text])
def test_what_is_long_or_holds_a_nul_has_a_short_key_of_its_own(make: object) -> None:
    values = ["x" * 5_000, "x" * 5_001, "a\x00b", "a\x00c", "x" * (LONGEST_VALUE - 2)]
    keys = [make(value) for value in values]  # type: ignore[operator]
    assert len(set(keys)) == len(values)
    assert all(len(key) <= LONGEST_VALUE and "\x00" not in key for key in keys)


def test_the_key_of_a_run_begins_as_its_value_does() -> None:
    assert key_text(5017) == "5017"
    assert key_text("order " * 100).startswith("order order")
