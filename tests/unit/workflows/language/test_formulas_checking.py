import pytest

from workflows.language.codes import CODES
from workflows.language.formulas import check, parse
from workflows.language.types import (
    Boolean,
    Duration,
    FieldType,
    InstantType,
    ListOf,
    Mistaken,
    MoneyType,
    Null,
    Nullable,
    Number,
    ObjectOf,
    PercentType,
    Text,
    TimeOfDay,
    Type,
    Unknown,
)
from workflows.problems import Place, Problem

ITEM = ObjectOf({"name": FieldType(Text()), "quantity": FieldType(Number()), "total": FieldType(MoneyType(), True)})
DATA = ObjectOf(
    {
        "id": FieldType(Text()),
        "provider": FieldType(Text(), optional=True),
        "email_ok": FieldType(Nullable(Boolean())),
        "buyer": FieldType(Nullable(ObjectOf({"phone": FieldType(Text(), optional=True)}))),
        "items": FieldType(ListOf(ITEM)),
        "tags": FieldType(ListOf(Text())),
        "maybe_tags": FieldType(ListOf(Nullable(Text()))),
        "raw": FieldType(Unknown()),
        "show-id": FieldType(Text()),
        "at": FieldType(InstantType()),
    }
)
STATS = ObjectOf(
    {"ctr_7d": FieldType(PercentType()), "budget": FieldType(MoneyType()), "clicks": FieldType(Number())},
    name="symphony.get_campaign_analytics",
)
SCOPE = ObjectOf(
    {
        "event": FieldType(ObjectOf({"data": FieldType(DATA), "occurred_at": FieldType(InstantType())})),
        "stats": FieldType(STATS),
        "skipped": FieldType(STATS, optional=True),
        "flag": FieldType(Boolean()),
        "wrong": FieldType(Mistaken()),
    }
)


def checked(text: str, expected: Type | None = None) -> tuple[Type, list[Problem]]:
    return check(parse(text, Place("boost.yml", 31, 9)), SCOPE, expected)


def type_of(text: str) -> Type:
    found, problems = checked(text)
    assert problems == []
    return found


def problem_of(text: str, expected: Type | None = None) -> Problem:
    _, (problem,) = checked(text, expected)
    assert problem.code in CODES
    return problem


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("event.data.id", Text()),
        ("event.data['show-id']", Text()),
        ("event.data.email_ok", Nullable(Boolean())),
        ("event.data.raw", Unknown()),
        ("event", SCOPE.fields["event"].type),
        ("1 + 2 / 3", Number()),
        ("stats.budget * 110%", MoneyType()),
        ("stats.budget / stats.budget", Number()),
        ("stats.ctr_7d * 50%", PercentType()),
        ("stats.clicks * 10%", Number()),
        ("event.occurred_at + 30m", InstantType()),
        ("event.occurred_at - event.data.at", Duration()),
        ("-1h", Duration()),
        ("'a' + 'b'", Text()),
        ("stats.ctr_7d >= 1.2%", Boolean()),
        ("event.data.id in ['a', 'b']", Boolean()),
        ("event.data.id in event.data.tags", Boolean()),
        ("not flag or flag and true", Boolean()),
        ("event.data.email_ok == null", Boolean()),
        ("event.data.raw != null", Boolean()),
        ("null", Null()),
        ("null == null", Boolean()),
        ("['a', null]", ListOf(Nullable(Text()))),
        ("[['a'], []]", ListOf(ListOf(Text()))),
        ("if(flag, 1, null)", Nullable(Number())),
        ("has(event.data.provider)", Boolean()),
        ("default(event.data.provider, 'x')", Text()),
        ("default(event.data.email_ok, false)", Boolean()),
        ("default(event.data.email_ok, null)", Nullable(Boolean())),
        ("default(event.data.buyer.phone, '')", Text()),
        ("default(skipped.clicks, 0)", Number()),
        ("default(event.data.items[0].name, '')", Text()),
        ("count(event.data.items)", Number()),
        ("count(event.data.items, each.quantity > 1)", Number()),
        ("sum(event.data.items, each.quantity)", Number()),
        ("sum(event.data.items, default(each.total, 0 USD))", MoneyType()),
        ("map(event.data.items, each.name)", ListOf(Text())),
        ("filter(event.data.items, each.name == 'VIP')", ListOf(ITEM)),
        ("filter(event.data.maybe_tags, each != null)", ListOf(Text())),
        ("filter(event.data.maybe_tags, flag)", ListOf(Nullable(Text()))),
        ("sum(filter(event.data.items, has(each.total) and each.quantity > 1), each.total)", MoneyType()),
        (
            "map(filter(event.data.items, has(each.total)), {sum: each.total})",
            ListOf(ObjectOf({"sum": FieldType(MoneyType())})),
        ),
        (
            "map(event.data.items, {who: each.name, sum: each.total})",
            ListOf(ObjectOf({"who": FieldType(Text()), "sum": FieldType(MoneyType(), True)})),
        ),
        ("flatten(map(event.data.items, map(event.data.tags, each + outer.name)))", ListOf(Text())),
        ("unique(event.data.items, each.name)", ListOf(ITEM)),
        ("unique(event.data.tags)", ListOf(Text())),
        ("first(event.data.items)", ITEM),
        ("first(event.data.tags, 'none')", Text()),
        ("last(event.data.tags, null)", Nullable(Text())),
        ("first([], 'none')", Text()),
        ("split(event.data.id, '-')", ListOf(Text())),
        ("matches(event.data.id, 'A-###*')", Boolean()),
        ("at_time(event.data.at - 1d, time_of_day('10:00'), 'Europe/London')", InstantType()),
        ("if(flag, {a: event.data.provider}, {a: 'x'})", ObjectOf({"a": FieldType(Text(), True)})),
        ("{}", ObjectOf({})),
        ("min(1, 2)", Number()),
        ("max([1%, 2%])", PercentType()),
        ("text(stats.budget)", Text()),
        ("instant('2026-03-01T15:00:00Z') < event.occurred_at", Boolean()),
        ("time_in(event.occurred_at, 'Europe/London')", TimeOfDay()),
        ("days_between(event.data.at, event.occurred_at) > 3", Boolean()),
        ("now()", InstantType()),
        ("now() - event.occurred_at > 2h", Boolean()),
        ("wrong.anything.at[0].all == 1", Boolean()),
        ("wrong + 1 USD", Mistaken()),
    ],
)
def test_a_formula_has_the_type_its_parts_make(text, found):
    assert type_of(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "has(event.data.provider) and event.data.provider == 'x'",
        "not has(event.data.provider) or event.data.provider == 'x'",
        "if(has(event.data.provider), event.data.provider, 'x') == 'x'",
        "if(not has(event.data.provider), 'x', event.data.provider) == 'x'",
        "not (not has(event.data.provider) or event.data.provider == 'x')",
        "has(skipped) and skipped.clicks > 1",
        "has(skipped.clicks) and skipped.clicks > 1 and skipped.ctr_7d > 1%",
        "event.data.email_ok != null and event.data.email_ok",
        "event.data.email_ok == null or event.data.email_ok",
        "null != event.data.email_ok and event.data.email_ok",
        "if(event.data.email_ok == null, false, event.data.email_ok)",
        "has(event.data.buyer.phone) and event.data.buyer.phone == '1'",
        "has(event.data.items[0]) and event.data.items[0].name == 'x'",
        "has(event.data.items[0].total) and event.data.items[0].total > 1 USD and event.data.items[0].name == 'x'",
        "any(event.data.items, has(each.total) and each.total > 1 USD)",
        "any(event.data.items, has(each.total) and any(event.data.items, each.quantity == 1 and outer.total > 1 USD))",
        "flag and (has(event.data.provider) and (flag and event.data.provider == 'x'))",
    ],
)
def test_what_was_asked_before_need_not_be_asked_again(text):
    assert type_of(text) in (Boolean(), Text())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("has(event.data.provider) or event.data.provider == 'x'", "E211"),
        ("event.data.provider == 'x' and has(event.data.provider)", "E211"),
        ("not has(event.data.provider) and event.data.provider == 'x'", "E211"),
        ("(has(event.data.provider) or flag) and event.data.provider == 'x'", "E211"),
        ("if(has(event.data.provider), 'x', event.data.provider) == 'x'", "E211"),
        ("has(skipped) and event.data.provider == 'x'", "E211"),
        ("has(event.data.buyer) and event.data.buyer.phone == 'x'", "E211"),
        ("event.data.buyer != null and event.data.buyer.phone == 'x'", "E211"),
        ("has(event.data.items[0]) and event.data.items[1].name == 'x'", "E211"),
        ("has(event.data.email_ok) and event.data.email_ok", "E212"),
        ("event.data.email_ok != null or event.data.email_ok", "E212"),
        ("event.data.email_ok == null and event.data.email_ok", "E212"),
    ],
)
def test_what_was_asked_elsewhere_does_not_count(text, code):
    assert problem_of(text).code == code


@pytest.mark.parametrize(
    ("text", "column", "code", "message", "hint"),
    [
        ("evnt.data", 1, "E210", "there is no 'evnt' here", "did you mean 'event'?"),
        (
            "now > event.occurred_at",
            1,
            "E210",
            "there is no 'now' here",
            "the instant of the decision is written now()",
        ),
        ("flag and each", 10, "E209", "'each' is the item inside functions", ""),
        ("event.data.provider == 'x'", 1, "E211", "event.data.provider may be absent", "use has(event.data.provider)"),
        (
            "skipped.clicks == 1",
            1,
            "E211",
            "skipped may be absent",
            "use has(skipped.clicks) or default(skipped.clicks",
        ),
        ("event.data.buyer.phone == 'x'", 1, "E211", "event.data.buyer may be absent", ""),
        ("event.data.items[0].name == 'x'", 1, "E211", "event.data.items[0] may be absent", ""),
        (
            "event.data.email_ok == true",
            1,
            "E212",
            "event.data.email_ok may be null",
            "use default(event.data.email_ok",
        ),
        ("not event.data.email_ok", 5, "E212", "event.data.email_ok may be null", ""),
        ("1 + null", 5, "E212", "this may be null", ""),
        ("if(flag, 1, null) + 1", 1, "E212", "this may be null", ""),
        (
            "stats.ctr_7 >= 1%",
            7,
            "E213",
            "'ctr_7' is not a field of symphony.get_campaign_analytics",
            "did you mean 'ctr_7d'?",
        ),
        ("event.data.show_id", 12, "E213", "'show_id' is not a field of event.data", "did you mean 'show-id'?"),
        ("has(event.data.providr)", 16, "E213", "'providr' is not a field of event.data", "did you mean 'provider'?"),
        ("default(stats.ctr, 1%)", 15, "E213", "'ctr' is not a field of symphony.get_campaign_analytics", ""),
        ("event.data.id.length", 15, "E214", "event.data.id is text and has no fields", ""),
        (
            "event.data.items.name",
            18,
            "E214",
            "event.data.items is a list of object and has no fields",
            "event.data.items[0]",
        ),
        ("event.data[0]", 12, "E215", "event.data is object and has no positions", ""),
        ("event.data.id == 1", 1, "E216", "text cannot be compared with number", "text(…)"),
        (
            "stats.budget > 500",
            1,
            "E216",
            "money cannot be compared with number",
            "an amount of money has its currency",
        ),
        ("stats.ctr_7d > 1.2", 1, "E216", "percentage cannot be compared with number", "a percentage is written like"),
        ("event.data.id == null", 1, "E225", "event.data.id is text and never null", "has(event.data.id)"),
        ("1 == null", 1, "E225", "this is number and never null", ""),
        ("1 in ['a']", 1, "E216", "number cannot be compared with text", ""),
        ("event.data.id < 'x'", 1, "E217", "< does not work with text", ""),
        ("event.data.tags == event.data.tags", 1, "E217", "== does not work with list of text", ""),
        ("event.data.email_ok > null", 1, "E217", "> does not work with null", ""),
        ("'a' in event.data.id", 8, "E217", "in needs a list on its right, this is text", "contains("),
        ("'a' in event.data.maybe_tags", 8, "E217", "in does not work with a list of text or null", ""),
        ("stats.budget + 1", 16, "E217", "+ does not work with money and number", ""),
        ("1 + 2 + 'a'", 9, "E217", "+ does not work with number and text", ""),
        ("-event.data.id", 1, "E217", "- does not work with text", ""),
        (
            "flag and event.data.id",
            10,
            "E218",
            "a condition is true or false, this is text",
            "compare it: event.data.id == …",
        ),
        ("if(1, 2, 3)", 4, "E218", "a condition is true or false, this is number", ""),
        ("event.data.raw.x == 1", 16, "E220", "nothing documents what event.data.raw holds", ""),
        ("event.data.raw == 1", 1, "E220", "nothing documents what event.data.raw holds", ""),
        ("['a', 1]", 7, "E222", "the items of a list are of one type, these are text and number", ""),
        ("if(flag, 1, 'a')", 13, "E222", "the two values of if() are of one type", ""),
        ("default(event.data.provider, 1)", 30, "E222", "event.data.provider and what stands for it", ""),
        ("min(1, 1%)", 8, "E222", "the values of min() are of one type", ""),
        ("min('a', 1)", 5, "E208", "min() needs number or money", ""),
        ("lower(1)", 7, "E208", "lower() needs text, this is number", ""),
        ("count(1)", 7, "E208", "count() needs a list, this is number", ""),
        (
            "sum(event.data.tags)",
            5,
            "E208",
            "sum() needs number or money",
            "sum(list, value) works a formula out for each item",
        ),
        ("any(event.data.items, each.name)", 23, "E208", "any() needs true or false, this is text", ""),
        ("text(event.data.tags)", 6, "E208", "text() needs", ""),
        ("any(event.data.items, each.nam == 'x')", 28, "E213", "'nam' is not a field of each", "did you mean 'name'?"),
        (
            "map(event.data.items, map(event.data.items, map(event.data.tags, each)))",
            66,
            "E209",
            "three lists are gone through at once",
            "make a list of the inner ones first",
        ),
        ("any(event.data.items, outer.name == 'x')", 23, "E209", "'outer' is the item of the outer list", ""),
        (
            "any(event.data.items, any(event.data.tags, each == outer.nam))",
            58,
            "E213",
            "'nam' is not a field of outer",
            "did you mean 'name'?",
        ),
        ("{name: 1, who: evnt.data}", 16, "E210", "there is no 'evnt' here", "did you mean 'event'?"),
        ("first(event.data.tags, 1)", 24, "E222", "the items and what stands for one are of one type", ""),
        (
            "unique(event.data.items)",
            8,
            "E208",
            "unique() needs a value that can be compared, this is object",
            "unique(list, value)",
        ),
        ("flatten(event.data.tags)", 9, "E208", "flatten() needs list, this is text", ""),
        ("matches(event.data.id, 'A\\')", 24, "E223", "this can never be worked out: a pattern that ends with", ""),
        (
            "date_in(now(), 'Europe/Londn')",
            16,
            "E223",
            "this can never be worked out: a zone is",
            "did you mean 'Europe/London'?",
        ),
        ("matches(event.data.id, '^ORD')", 24, "E226", "this looks like a regular expression", ""),
        ("matches(event.data.id, '[A-Z]+')", 24, "E226", "this looks like a regular expression", ""),
        ("count(event.data.items, item.name == 'x')", 25, "E210", "there is no 'item' here", "the item of the list is"),
        ("stats.spent > 1 USD", 7, "E213", "'spent' is not a field of", "known are ctr_7d, budget, clicks"),
        ("flag or 'a'", 9, "E218", "a condition is true or false, this is text", "each side of 'and' and 'or'"),
        ("flag and event.data.tags", 10, "E218", "a condition is true", "count(event.data.tags) > 0 asks"),
        ("event.data.at > 2026", 1, "E216", "instant cannot be compared with number", "instant('2026-"),
        ("money(stats.clicks, 'Euro')", 21, "E223", "this can never be worked out: not an ISO 4217", ""),
        ("1 / 0", 1, "E223", "this can never be worked out: division by zero", ""),
        ("flag or 1 USD > 1 EUR", 9, "E223", "this can never be worked out: USD and EUR", ""),
        ("instant('tomorrow') > event.data.at", 9, "E223", "this can never be worked out: an instant is a text", ""),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_would_be_right(text, column, code, message, hint):
    problem = problem_of(text)
    assert (problem.code, problem.place) == (code, Place("boost.yml", 31, 8 + column))
    assert problem.message.startswith(message)
    assert problem.hint.startswith(hint)


def test_the_whole_message_reads_as_the_design_promises():
    problem = problem_of("stats.ctr_7 >= 1.2%")
    assert str(problem) == (
        "boost.yml:31:15: E213 'ctr_7' is not a field of symphony.get_campaign_analytics (did you mean 'ctr_7d'?)"
    )


def test_all_mistakes_of_a_formula_are_reported_in_order_and_each_once():
    _, problems = checked(
        "evnt.x == 1 and stats.ctr_7 + 1 > 2% or event.data.provider == 3 or -lower(1) > 1 / 0 + nope"
    )
    assert [problem.code for problem in problems] == ["E210", "E213", "E211", "E216", "E208", "E217", "E223", "E210"]


def test_a_comparison_with_null_that_decides_nothing_is_a_warning_and_asking_twice_is_not_even_that():
    assert problem_of("event.data.id == null").severity == "warning"
    assert type_of("event.data.email_ok != null and (event.data.email_ok == null or flag)") == Boolean()


def test_what_a_formula_comes_to_must_fit_where_it_goes():
    assert problem_of("1", Text()).message == "this is number, where text is needed"
    assert problem_of("'a'", Boolean()).code == "E218"
    assert problem_of("event.data.email_ok", Boolean()).code == "E212"
    assert problem_of("event.data.raw", Text()).code == "E220"
    assert checked("event.data.email_ok", Nullable(Boolean()))[1] == []
    assert checked("event.data.raw", Unknown())[1] == []
    assert checked("'a'", Nullable(Text()))[1] == []
    assert checked("null", Nullable(Text()))[1] == []
    assert checked("wrong", Text())[1] == []
    assert checked("[]", ListOf(Text()))[1] == []


CONTACT = ObjectOf(
    {
        "email": FieldType(Text()),
        "phone": FieldType(Nullable(Text()), optional=True),
        "spent": FieldType(MoneyType(), optional=True),
    },
    name="shop.import_contacts",
)


@pytest.mark.parametrize(
    ("text", "column", "message", "hint"),
    [
        (
            "[{email: 'a', phon: 'b'}]",
            15,
            "E213 'phon' is not a field of shop.import_contacts",
            "did you mean 'phone'?",
        ),
        ("map(event.data.items, {email: each.name, spent: 1})", 49, "E219 this is number, where money is needed", ""),
        ("map(event.data.items, {phone: each.name})", 23, "E224 'email' is missing", "it is text"),
        (
            "map(event.data.items, {email: event.data.provider})",
            31,
            "E211 event.data.provider may be absent",
            "use default(ev",
        ),
        (
            "map(event.data.items, each)",
            23,
            "E219 this is object, where object is needed",
            "its 'name' is not a field of",
        ),
        ("event.data.items", 1, "E219 this is list of object, where list of object is needed", "its 'name' is not a"),
        (
            "event.data.tags",
            1,
            "E219 this is list of text, where list of object is needed",
            "its items are text, not object",
        ),
    ],
)
def test_a_list_that_does_not_fit_is_refused_where_it_goes_wrong(text, column, message, hint):
    problem = problem_of(text, ListOf(CONTACT))
    assert problem.place == Place("boost.yml", 31, 8 + column)
    assert f"{problem.code} {problem.message}".startswith(message)
    assert problem.hint.startswith(hint)


def test_an_object_made_in_a_formula_fits_where_its_fields_do():
    for text in (
        "map(event.data.items, {email: each.name, spent: each.total})",
        "[{email: 'a', phone: null}]",
        "map(unique(event.data.items, lower(each.name)), {email: each.name})",
    ):
        assert checked(text, ListOf(CONTACT))[1] == []
