from datetime import timedelta
from decimal import Decimal

import pytest

from workflows.language.formulas import parse
from workflows.language.literals import literal
from workflows.problems import Place
from workflows.values import Money, Percent


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.2%", Percent(Decimal("0.012"))),
        ("-5 %", Percent(Decimal("-0.05"))),
        ("500 USD", Money(Decimal("500"), "USD")),
        ("12.50 EUR", Money(Decimal("12.50"), "EUR")),
        ("-1 JPY", Money(Decimal("-1"), "JPY")),
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("24h", timedelta(hours=24)),
        ("1.5d", timedelta(hours=36)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_the_written_form_decides_the_type_and_is_the_one_of_formulas(text, value):
    assert literal(text) == value
    assert parse(text, Place("f", 1, 1)).evaluate({}) == value


@pytest.mark.parametrize(
    "text",
    ["", "5017", "1.5", "Europe/London", "500USD", "500 usd", "1e3%", "%", "24 h", "10:00", "24h ago", "٣%", "a 5%"],
)
def test_everything_else_is_text(text):
    assert literal(text) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("5 ZZZ", "'ZZZ' is not an ISO 4217 currency code"),
        ("0.001 USD", "USD has 2 decimal places, 0.001 has more"),
        ("0.5 JPY", "JPY has 0 decimal places, 0.5 has more"),
        ("1" * 19 + " USD", "an amount of money stays below 1000000000000000000"),
        ("1" * 29 + "%", "a number has at most 28 digits"),
        ("0.0000001s", "a duration is no finer than a microsecond"),
        ("99999999999w", "a duration this long cannot be counted"),
    ],
)
def test_a_form_that_means_nothing_is_refused(text, reason):
    with pytest.raises(ValueError, match=reason):
        literal(text)
