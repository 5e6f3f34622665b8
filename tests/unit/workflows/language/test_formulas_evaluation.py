import re
from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal, localcontext
from pathlib import Path
from types import MappingProxyType

import pytest

from workflows.errors import FormulaError
from workflows.language.formulas import FUNCTIONS, parse
from workflows.problems import Place
from workflows.values import Money, Percent

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

SCOPE = {
    "event": {
        "id": "5017",
        "occurred_at": NOON,
        "data": {
            "provider": "facebook",
            "note": None,
            "show-id": "s1",
            "items": [
                {"name": "Balcony", "quantity": 2, "total": Money(Decimal("40"), "USD")},
                {"name": "VIP", "quantity": 1, "total": Money(Decimal("99.50"), "USD")},
            ],
            "tags": ["rock", "live"],
            "empty": [],
        },
    },
    "stats": {"ctr": Percent(Decimal("0.009")), "budget": Money(Decimal("500"), "USD"), "clicks": 200},
    "yes": True,
    "no": False,
}


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def value_of(text: str, scope: object = None) -> object:
    return parse(text, Place("boost.yml", 1, 1)).evaluate(SCOPE if scope is None else scope)


def refusal_of(text: str, scope: object = None) -> str:
    with pytest.raises(FormulaError) as caught:
        value_of(text, scope)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 4 - 3", 3),
        ("2 * 3 / 4", Decimal("1.5")),
        ("8 / 2 / 2", 2),
        ("-2 * 3", -6),
        ("1 - -1", 2),
        ("0.1 + 0.2", Decimal("0.3")),
        ("1 / 4", Decimal("0.25")),
        ("'a' + 'b' + 'c'", "abc"),
        ("'Rock''n''Roll'", "Rock'n'Roll"),
        ("10%", Percent(Decimal("0.1"))),
        ("1.2 %", Percent(Decimal("0.012"))),
        ("500 USD", usd("500")),
        ("30m", timedelta(minutes=30)),
        ("1.5h", timedelta(minutes=90)),
        ("2w", timedelta(days=14)),
        ("true", True),
        ("null", None),
        ("[1, 'a']", [1, "a"]),
        ("[]", []),
    ],
)
def test_literals_and_arithmetic(text, value):
    assert value_of(text) == value
    assert type(value_of(text)) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("stats.budget * 110%", "550"),
        ("110% * stats.budget", "550"),
        ("33.33 USD * 10%", "3.33"),
        ("0 USD - 33.33 USD * 10%", "-3.33"),
        ("-33.33 USD * 10%", "-3.34"),
        ("100 USD / 3", "33.33"),
        ("100 USD * 2", "200"),
        ("0.5 * 100 USD", "50"),
        ("1 USD + 2.50 USD - 0.25 USD", "3.25"),
        ("-1 USD", "-1"),
        ("max(stats.budget, 600 USD, 1 USD)", "600"),
        ("min(stats.budget * 110%, 520 USD)", "520"),
        ("sum(event.data.items, each.total)", "139.50"),
        ("money(12.345, 'USD')", "12.34"),
    ],
)
def test_money_is_rounded_down_to_its_minor_unit(text, value):
    assert value_of(text) == usd(value)


def test_money_of_a_currency_without_minor_units_is_rounded_to_whole_ones():
    assert value_of("1001 JPY * 50%") == Money(Decimal("500"), "JPY")


def test_money_divided_by_money_is_a_number():
    assert value_of("stats.budget / 200 USD") == Decimal("2.5")


def test_money_is_floored_from_the_exact_product_whatever_the_decimal_context():
    with localcontext() as context:
        context.prec = 3
        assert value_of("123456.78 USD * 99.999999999999999999999%") == usd("123456.77")
        assert value_of("123456789 + 1") == 123456790
        assert value_of("12345.678 + 1.0") == Decimal("12346.678")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("200 * 10%", Decimal("20")),
        ("10% * 200", Decimal("20")),
        ("50% * 10%", Percent(Decimal("0.05"))),
        ("10% + 5%", Percent(Decimal("0.15"))),
        ("10% - 15%", Percent(Decimal("-0.05"))),
        ("10% / 2", Percent(Decimal("0.05"))),
        ("10% / 5%", Decimal("2")),
        ("-10%", Percent(Decimal("-0.1"))),
        ("percent(20 / stats.clicks)", Percent(Decimal("0.1"))),
        ("ratio(stats.ctr)", Decimal("0.009")),
    ],
)
def test_a_percentage_of_something_is_a_share_of_it(text, value):
    assert value_of(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("event.occurred_at + 2h", NOON + timedelta(hours=2)),
        ("2h + event.occurred_at", NOON + timedelta(hours=2)),
        ("event.occurred_at - 1d", NOON - timedelta(days=1)),
        ("event.occurred_at - instant('2026-02-28T12:00:00Z')", timedelta(days=1)),
        ("instant('2026-03-01T13:00:00+01:00') == event.occurred_at", True),
        ("1h * 1.5", timedelta(minutes=90)),
        ("1h * 50%", timedelta(minutes=30)),
        ("1h / 4", timedelta(minutes=15)),
        ("1h / 30m", Decimal(2)),
        ("1h - 2h", timedelta(hours=-1)),
        ("days_between(event.occurred_at, event.occurred_at + 60h)", 2),
        ("days_between(event.occurred_at + 1h, event.occurred_at)", -1),
        ("date_in(instant('2026-03-01T23:30:00Z'), 'Europe/Berlin')", "2026-03-02"),
        ("weekday_in(event.occurred_at, 'Europe/London')", "sun"),
        ("time_in(event.occurred_at, 'Europe/Berlin')", time(13)),
        ("time_in(event.occurred_at, 'Europe/Berlin') >= time_of_day('13:00')", True),
    ],
)
def test_instants_and_durations(text, value):
    assert value_of(text) == value


def test_now_is_the_instant_the_scope_gives_also_inside_a_list():
    scope = {"now": NOON, "list": [1]}
    assert value_of("now()", scope) == NOON
    assert value_of("map(list, now() + 1h)", scope) == [NOON + timedelta(hours=1)]


@pytest.mark.parametrize("now", [None, "2026-03-01T12:00:00Z", NOON.replace(tzinfo=None)])
def test_without_an_instant_in_the_scope_nobody_knows_what_time_it_is(now):
    assert refusal_of("now()", {"now": now}).endswith("now() is not known here")
    assert refusal_of("now()", {}).endswith("now() is not known here")


def test_a_day_is_24_hours_also_for_an_instant_given_in_a_zone_of_its_own():
    given = datetime(2026, 3, 28, 12, tzinfo=timezone(timedelta(hours=1)))
    result = value_of("at + 1d", {"at": given})
    assert result == datetime(2026, 3, 29, 11, tzinfo=UTC)
    assert result.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("event.data.provider == 'facebook'", True),
        ("event.data.provider != 'facebook'", False),
        ("stats.ctr >= 1.2%", False),
        ("1 == 1.0", True),
        ("40 USD == 40.00 USD", True),
        ("1h == 60m", True),
        ("true == false", False),
        ("event.data.note == null", True),
        ("null != event.data.note", False),
        ("event.data.provider != null", True),
        ("event.data.provider in ['facebook', 'tiktok']", True),
        ("'jazz' in event.data.tags", False),
        ("not 'jazz' in event.data.tags", True),
        ("no or yes and no", False),
        ("(yes or no) and not no", True),
        ("no and missing.entirely", False),
        ("yes or missing.entirely", True),
        ("if(yes, 1, missing)", 1),
        ("if(no, missing, 2)", 2),
    ],
)
def test_comparison_and_logic(text, value):
    assert value_of(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("has(event.id)", True),
        ("has(event.nothing.at.all)", False),
        ("has(event.data.note)", True),
        ("has(event.data.note.more)", False),
        ("has(event.data.items[1])", True),
        ("has(event.data.items[2])", False),
        ("has(event.data.items[-2])", True),
        ("has(event.data.items[-3])", False),
        ("has(event.id.upper)", False),
        ("default(event.data.note, 'none')", "none"),
        ("default(event.data.nothing, 'none')", "none"),
        ("default(event.data.note.more, 'none')", "none"),
        ("default(event.id, missing)", "5017"),
        ("event.data['show-id']", "s1"),
        ("event['data'].items[-1]['name']", "VIP"),
    ],
)
def test_what_is_there_and_what_is_not(text, value):
    assert value_of(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("count(event.data.items)", 2),
        ("count(event.data.items, each.quantity > 1)", 1),
        ("sum(event.data.items, each.quantity)", 3),
        ("sum([1, 2.5])", Decimal("3.5")),
        ("any(event.data.items, each.name == 'VIP')", True),
        ("all(event.data.items, each.name == 'VIP')", False),
        ("all(event.data.empty, each.name == 'VIP')", True),
        ("any([false, true])", True),
        ("all([false, true])", False),
        ("map(event.data.items, each.name)", ["Balcony", "VIP"]),
        ("count(filter(event.data.items, each.name == 'VIP'))", 1),
        ("join(map(event.data.items, upper(each.name)), ', ')", "BALCONY, VIP"),
        ("first(event.data.tags)", "rock"),
        ("last(event.data.tags)", "live"),
        ("first(event.data.empty, 'none')", "none"),
        ("last(event.data.tags, 'none')", "live"),
        ("unique([3, 1, 3.0, 2, 1])", [3, 1, 2]),
        ("unique([40 USD, 40.00 USD, 40 EUR])", [usd("40"), Money(Decimal("40"), "EUR")]),
        ("map(unique(event.data.items, each.quantity > 0), each.name)", ["Balcony"]),
        ("flatten([[1], [], [2, 3]])", [1, 2, 3]),
        (
            "flatten(map(event.data.items, map(event.data.tags, outer.name + each)))",
            ["Balconyrock", "Balconylive", "VIProck", "VIPlive"],
        ),
        (
            "map(event.data.items, {who: each.name, 'how-many': each.quantity})",
            [{"who": "Balcony", "how-many": 2}, {"who": "VIP", "how-many": 1}],
        ),
        ("{there: event.id, gone: event.nothing.at.all, none: event.data.note}", {"there": "5017", "none": None}),
        ("{and: 1, 'it''s': {}}", {"and": 1, "it's": {}}),
        ("split('a-b', '-')", ["a", "b"]),
        ("split('', '-')", []),
        ("matches('ORD-2026', 'ORD-####')", True),
        ("matches('ORD-202x', 'ORD-####')", False),
        ("at_time(event.occurred_at, time_of_day('10:00'), 'Europe/Berlin')", datetime(2026, 3, 1, 9, tzinfo=UTC)),
        (
            "at_time(instant('2026-03-28T23:30:00Z'), time_of_day('02:30'), 'Europe/Berlin')",
            datetime(2026, 3, 29, 1, tzinfo=UTC),
        ),
        ("min([3, 1, 2])", 1),
        ("max([1h, 90m])", timedelta(minutes=90)),
        ("round(2.5)", 3),
        ("round(-2.5)", -3),
        ("round(2.345, 2)", Decimal("2.35")),
        ("round_down(-2.1)", -3),
        ("round_up(2.1)", 3),
        ("amount(stats.budget)", Decimal("500")),
        ("currency(stats.budget)", "USD"),
        ("lower('ABC')", "abc"),
        ("trim('  a ')", "a"),
        ("contains('abc', 'b')", True),
        ("starts_with('abc', 'ab')", True),
        ("ends_with('abc', 'ab')", False),
        ("length('abc')", 3),
        ("replace('a-b-c', '-', '')", "abc"),
        ("text(500 USD)", "500 USD"),
        ("text(1.20)", "1.20"),
        ("text(12.5%)", "12.5%"),
        ("text(90m)", "90m"),
        ("text(1h - 2h)", "-1h"),
        ("text(0h)", "0s"),
        ("text(0.5s)", "0.5s"),
        ("text(true)", "true"),
        ("text(event.occurred_at)", "2026-03-01T12:00:00Z"),
        ("text(time_of_day('09:05'))", "09:05"),
    ],
)
def test_functions(text, value):
    assert value_of(text) == value
    assert type(value_of(text)) is type(value)


def test_every_function_is_named_in_a_test_of_this_module():
    tested = Path(__file__).read_text(encoding="utf-8")
    assert [function.name for function in FUNCTIONS if not re.search(rf"\b{function.name}\(", tested)] == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("missing", "missing is missing"),
        ("event.nothing.at.all", "event.nothing is missing"),
        ("event.data.items[7].name", "event.data.items[7] is missing"),
        ("event.data.note.more", "event.data.note.more is missing"),
        ("event.data.note + 'x'", "event.data.note is null"),
        ("event.data.note == 'x'", "event.data.note is null"),
        ("event.data.provider == 1", "text cannot be compared with number"),
        ("event.data.provider < 'x'", "text cannot be compared with <"),
        ("event.data.tags == event.data.tags", "list cannot be compared with =="),
        ("null < null", "null has no order"),
        ("yes == 1", "true or false cannot be compared with number"),
        ("1 in 2", "a value must be a list, and is number"),
        ("event.id and yes", "event.id must be true or false, and is text"),
        ("not 1", "a value must be true or false, and is number"),
        ("yes + 1", "+ does not work with true or false and number"),
        ("-'a'", "- needs a number, money, a percentage or a duration behind it"),
        ("-yes", "- needs a number, money, a percentage or a duration behind it"),
        ("stats.budget + 1", "+ does not work with money and number"),
        ("stats.budget > 3 EUR", "USD and EUR cannot be compared or added"),
        ("stats.budget == 500 EUR", "USD and EUR cannot be compared or added"),
        ("stats.budget + 500 EUR", "USD and EUR cannot be compared or added"),
        ("min(stats.budget, 5 EUR)", "EUR and USD cannot be compared or added"),
        ("stats.budget / 5 EUR", "USD and EUR cannot be compared or added"),
        ("1 / 0", "division by zero"),
        ("0 / 0", "division by zero, or a number too large to work with"),
        ("1 USD / 0", "division by zero"),
        ("1 USD / 0 USD", "division by zero"),
        ("10% / 0%", "division by zero"),
        ("1h / 0s", "division by zero"),
        ("1h / 0", "division by zero"),
        ("99999999999999999999 * 99999999999999999999", "the result is too large"),
        ("99999999999999999 USD * 100", "an amount of money too large to work with"),
        ("999999999d * 2", "the result is too large"),
        ("event.occurred_at + 99999999d", "the result is too large"),
        ("min(event.data.empty)", "an empty list has neither least nor greatest"),
        ("sum(event.data.empty)", "an empty list has no sum"),
        ("lower(1)", "lower() needs text, and was given number"),
        ("count('abc')", "count() needs a list, and was given text"),
        ("min(1, 1%)", "the values of min() are of several kinds"),
        ("min([1, 1%])", "percentage cannot be compared with number"),
        ("sum([1, 1%])", "+ does not work with number and percentage"),
        ("any([1])", "any() needs true or false, and was given number"),
        ("any(event.data.items, each.name)", "any() needs true or false, and was given text"),
        ("instant('2026-03-01')", "an instant is a text such as '2026-03-01T15:00:00Z', with its offset"),
        ("instant('tomorrow')", "an instant is a text such as '2026-03-01T15:00:00Z', with its offset"),
        ("time_of_day('25:00')", "a time of day is a text such as '09:00'"),
        ("date_in(event.occurred_at, 'Mars')", "a zone is an IANA name such as 'Europe/London'"),
        ("date_in(event.occurred_at, '../../etc/passwd')", "a zone is an IANA name such as 'Europe/London'"),
        ("date_in(event.occurred_at, '/etc/passwd')", "a zone is an IANA name such as 'Europe/London'"),
        ("date_in(event.occurred_at, 'Europe')", "a zone is an IANA name such as 'Europe/London'"),
        ("date_in(event.occurred_at, '')", "a zone is an IANA name such as 'Europe/London'"),
        ("money(1, 'Euro')", "not an ISO 4217 currency code such as USD"),
        ("round(1, 11)", "decimals are a whole number from 0 to 10"),
        ("round(1, 0.5)", "decimals are a whole number from 0 to 10"),
        ("first(event.data.empty)", "an empty list has no first item"),
        ("last(event.data.empty)", "an empty list has no last item"),
        (
            "unique(event.data.items)",
            "unique() needs a value that can be compared, and was given object",
        ),
        ("flatten(event.data.tags)", "flatten() needs list, and was given text"),
        ("split('a', '')", "nothing to split at: the separator is empty"),
        ("matches('a', 'a\\')", "a pattern that ends with \\, which says that the sign behind it is itself"),
        ("matches('a', event.data.name)", "event.data.name is missing"),
        ("date_in(event.occurred_at, 'localtime')", "a zone is an IANA name such as 'Europe/London'"),
        ("at_time(instant('9999-12-31T23:00:00Z'), time_of_day('09:00'), 'Asia/Tokyo')", "the result is too large"),
        ("replace('a', '', 'b')", "nothing to replace: the text looked for is empty"),
    ],
)
def test_what_cannot_be_worked_out_is_said_with_place_path_and_kind(text, reason):
    assert refusal_of(text) == f"boost.yml:1:1: {reason}"


def test_a_refusal_never_shows_a_value():
    scope = {"event": {"email": "ada@example.com", "number": Decimal("1234567")}}
    for text in ("event.email + event.number", "event.email == event.number", "event.email.domain", "-event.email"):
        refusal = refusal_of(text, scope)
        assert "ada" not in refusal
        assert "1234567" not in refusal


def test_a_list_position_with_the_item_missing_is_named():
    assert refusal_of("any(event.data.items, each.nothing == 1)").endswith("each.nothing is missing")


def test_each_is_known_inside_only():
    assert refusal_of("count(event.data.items) + each.quantity").endswith("each is missing")


def test_texts_made_by_formulas_are_bounded():
    doubling = {"long": "x" * 6_000}
    assert refusal_of("long + long", doubling).endswith("a text of more than 10000 characters")
    assert refusal_of("replace(long, 'x', 'xx')", doubling).endswith("a text of more than 10000 characters")
    assert refusal_of("join([long, long], '')", doubling).endswith("a text of more than 10000 characters")
    assert refusal_of("lower(long)", {"long": "x" * 100_001}).endswith("a text of at most 100000 characters")


def test_the_work_of_one_evaluation_is_bounded():
    scope = {"list": list(range(20_000))}
    assert value_of("count(list, each > 0) ", {"list": list(range(10_000))}) == 9_999
    assert refusal_of("count(list, each > 0)", scope).endswith("the lists or the texts are too long for it")
    assert refusal_of("'x' in list or 1 in list or 2 in list or 3 in list", {"list": ["y"] * 50_001}).endswith(
        "the lists or the texts are too long for it"
    )


def test_numbers_with_huge_exponents_do_no_harm():
    scope = {"huge": Decimal("1E+999999"), "tiny": Decimal("1E-999999"), "long": 10**999}
    assert refusal_of("huge * huge", scope).endswith("the result is too large")
    assert refusal_of("long + long", scope).endswith("the result is too large")
    assert refusal_of("text(huge)", scope).endswith("a number too long to be written out")
    assert refusal_of("text(tiny)", scope).endswith("a number too long to be written out")
    assert refusal_of("text(long)", scope).endswith("a number too long to be written out")
    assert refusal_of("round(huge)", scope).endswith("a number too large to be rounded")
    assert refusal_of("money(huge, 'USD')", scope).endswith("an amount of money too large to work with")
    assert refusal_of("1h * huge", scope).endswith("the result is too large")
    assert value_of("huge > long and tiny > 0 and 1 + tiny == 1", scope) is True


def test_numbers_of_thousands_of_digits_are_not_worked_with():
    for long in (10**4_000, Decimal("0." + "7" * 4_000), Money(Decimal("7." + "7" * 4_000), "USD")):
        for text in ("long == long", "min(long, long)", "text(long)", "unique([long])", "-long + long"):
            assert refusal_of(text, {"long": long}).endswith("a number of too many digits to work with")
    assert value_of("short * short > 0", {"short": Decimal("0." + "7" * 900)}) is True


def test_an_instant_without_its_offset_is_none():
    for text in ("at < at", "at - at", "text(at)", "days_between(at, at)"):
        assert refusal_of(text, {"at": datetime(2026, 3, 1)}).endswith("an instant without its offset")


def test_binary_fractions_are_read_as_the_decimals_the_vendor_wrote():
    assert value_of("rate + 0.2 == 0.3", {"rate": 0.1}) is True


def test_a_scope_may_be_any_mapping():
    assert value_of("event.id", MappingProxyType({"event": MappingProxyType({"id": "1"})})) == "1"


def test_only_keys_are_read_never_attributes():
    class Sly:
        secret = "no"

    assert refusal_of("event.secret", {"event": Sly()}).endswith("event.secret is missing")
    assert refusal_of("event.keys", {"event": {}}).endswith("event.keys is missing")


def test_a_value_without_a_word_for_it_is_refused():
    assert refusal_of("event == 1", {"event": object()}).endswith("a object is no value of a formula")


def test_equal_scopes_give_equal_values_and_the_scope_is_left_alone():
    scope = {"list": [{"n": 1}, {"n": 2}]}
    assert value_of("map(list, each.n)", scope) == value_of("map(list, each.n)", scope)
    assert scope == {"list": [{"n": 1}, {"n": 2}]}
