from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest

from workflows import typed_json
from workflows.values import Money, Percent


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        5,
        Decimal("1.50"),
        "text",
        Money(Decimal("12.34"), "USD"),
        Percent(Decimal("0.012")),
        timedelta(hours=1, microseconds=1),
        datetime(2026, 3, 1, 15, tzinfo=UTC),
        time(9, 30),
        [{"$money": "a vendor's own key", "plain": [1, None]}],
    ],
)
def test_whatever_a_formula_comes_to_is_kept_as_it_was(value):
    kept = typed_json.load(typed_json.dump(value))
    assert kept == value
    assert type(kept) is type(value)
