from datetime import UTC, datetime
from decimal import Decimal

import pytest

from workflows.errors import FormulaError
from workflows.language.formulas import Verdict, parse
from workflows.language.formulas.kinds import shown
from workflows.problems import Place
from workflows.values import Money, Percent

SCOPE = {
    "stats": {"ctr": Percent(Decimal("0.009")), "budget": Money(Decimal("500"), "USD"), "clicks": 3, "spend": 4},
    "vars": {"ctr_floor": Percent(Decimal("0.012"))},
    "event": {
        "data": {
            "provider": "symphony",
            "email_ok": False,
            "paid": True,
            "note": None,
            "name": "Balcony",
            "quoted": "it's",
            "long": "x" * 500,
            "items": [{"name": "A"}, {"name": "B"}],
            "tags": ["rock", None, ["deep"], {"a": 1}],
            "at": datetime(2026, 3, 1, 12, tzinfo=UTC),
        }
    },
}


def verdict_of(text: str) -> Verdict:
    return parse(text, Place("boost.yml", 1, 1)).verdict(SCOPE)


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("stats.ctr >= vars.ctr_floor", "0.9% >= 1.2% is false"),
        ("event.data.provider == 'facebook'", "'symphony' == 'facebook' is false"),
        ("event.data.provider in ['facebook', 'tiktok']", "'symphony' in ['facebook', 'tiktok'] is false"),
        ("stats.budget * 110% > 1000 USD", "550.00 USD > 1000 USD is false"),
        ("event.data.at > instant('2026-04-01T00:00:00Z')", "2026-03-01T12:00:00Z > 2026-04-01T00:00:00Z is false"),
        ("stats.clicks == 3 and stats.spend == 5 and stats.spend == 6", "4 == 5 is false"),
        ("stats.clicks == 1 or stats.spend == 2", "3 == 1 is false and 4 == 2 is false"),
        ("not (stats.clicks == 3)", "3 == 3 is true"),
        ("not (stats.clicks == 1 or stats.spend == 4)", "4 == 4 is true"),
        ("not (stats.clicks == 3 and stats.spend == 4)", "3 == 3 is true and 4 == 4 is true"),
        ("event.data.email_ok", "event.data.email_ok is false"),
        ("not event.data.paid", "event.data.paid is true"),
        ("has(event.data.email) and event.data.email == 'x'", "event.data.email is absent"),
        ("not has(event.data.name)", "event.data.name is there"),
        ("default(event.data.email_ok, true)", "event.data.email_ok is false"),
        ("default(event.data.note, false)", "event.data.note is null, and it says false"),
        ("default(event.data.nothing, stats.clicks > 3)", "event.data.nothing is absent, and 3 > 3 is false"),
        ("event.data.note != null", "null != null is false"),
        ("starts_with(event.data.name, 'VIP')", "starts_with('Balcony', 'VIP') is false"),
        ("any(event.data.items, each.name == 'C')", "any(…) over 2 items is false"),
        ("if(event.data.paid, stats.clicks > 5, true)", "3 > 5 is false"),
        ("event.data.quoted == 'x'", "'it''s' == 'x' is false"),
        ("'x' == event.data.long", "'x' == '" + "x" * 78 + "… is false"),
        ("count(event.data.tags) == 1", "4 == 1 is false"),
        ("false", "it says false"),
    ],
)
def test_a_verdict_gives_the_first_false_part_with_its_values(text, because):
    assert verdict_of(text) == Verdict(False, because)


def test_a_verdict_that_holds_needs_no_reason():
    assert verdict_of("stats.clicks == 3") == Verdict(True, "")


def test_a_list_is_shown_with_what_is_in_it():
    assert shown(["a", None, ["deep"], {"a": 1}]) == "['a', null, a list of 1, an object of 1]"
    assert shown(["word"] * 1_000) == ("['word', " + "'word', " * 9)[:79] + "…"


def test_whatever_a_value_is_it_can_be_shown():
    assert shown(Decimal("1E+999999")) == "a Decimal"
    assert shown(10**5_000) == "a int"
    assert shown(object()) == "a object"


def test_an_or_of_many_parts_is_cut():
    because = verdict_of(" or ".join(f"stats.clicks == {number}" for number in range(10, 40))).because
    assert because.endswith("3 == 19 is false and …")


def test_who_does_not_ask_why_gets_the_same_answer():
    formula = parse("stats.clicks == 3", Place("boost.yml", 1, 1))
    assert formula.holds(SCOPE) is True
    assert formula.holds({"stats": {"clicks": 4}}) is False


def test_what_is_neither_true_nor_false_is_no_verdict():
    with pytest.raises(FormulaError, match=r"^boost.yml:1:1: a condition is true or false, this is neither$"):
        verdict_of("stats.clicks")
