from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from workflows.errors import DefinitionError, FormulaError
from workflows.language.trees import (
    FormulaLeaf,
    ListTree,
    Literal,
    ObjectTree,
    TemplateLeaf,
    Tree,
    assigned,
    check_tree,
    read_as,
    render,
    tree_of,
)
from workflows.language.types import (
    Boolean,
    Duration,
    FieldType,
    InstantType,
    ListOf,
    MoneyType,
    Nullable,
    Number,
    ObjectOf,
    PercentType,
    Text,
    Type,
    Unknown,
)
from workflows.problems import Place
from workflows.values import Money, Percent
from workflows.yaml_nodes import read

SCOPE = ObjectOf(
    {
        "event": FieldType(
            ObjectOf(
                {
                    "id": FieldType(Text()),
                    "phone": FieldType(Text(), optional=True),
                    "sms": FieldType(Nullable(Boolean())),
                    "budget": FieldType(MoneyType()),
                    "tags": FieldType(ListOf(Text())),
                }
            )
        )
    }
)
VALUES = {"event": {"id": "5017", "sms": None, "budget": Money(Decimal("40"), "USD"), "tags": ["a", "b"]}}

INPUTS = ObjectOf(
    {
        "id": FieldType(Text()),
        "phone": FieldType(Text(), optional=True),
        "sms": FieldType(Nullable(Boolean()), optional=True),
        "budget": FieldType(MoneyType(), optional=True),
        "share": FieldType(PercentType(), optional=True),
        "at": FieldType(InstantType(), optional=True),
        "tags": FieldType(ListOf(Text()), optional=True),
        "inner": FieldType(ObjectOf({"name": FieldType(Text())}), optional=True),
        "extra": FieldType(Unknown(), optional=True),
    },
    name="vendor.do_thing",
)


def tree(text: str) -> Tree:
    return tree_of(read(text, "boost.yml"))


def problems_of(text: str, goes_to: Type | None = INPUTS) -> list[str]:
    return [str(problem) for problem in check_tree(tree(text), SCOPE, goes_to)[1]]


def test_a_scalar_is_itself_a_formula_or_a_template():
    read_tree = tree("a: text\nb: 5\nc: =event.id\nd: no. {{ event.id }}!\ne: [null, true]\n")
    assert isinstance(read_tree, ObjectTree)
    a, b, c, d, e = (entry for _, entry in read_tree.entries)
    assert a == Literal("text", Place("boost.yml", 1, 4))
    assert b == Literal(5, Place("boost.yml", 2, 4))
    assert isinstance(c, FormulaLeaf)
    assert (c.formula.text, c.formula.place) == ("event.id", Place("boost.yml", 3, 5))
    assert isinstance(d, TemplateLeaf)
    assert d.parts[0] == "no. "
    assert d.parts[2] == "!"
    assert isinstance(e, ListTree)
    assert hash(read_tree) == hash(tree("a: text\nb: 5\nc: =event.id\nd: no. {{ event.id }}!\ne: [null, true]\n"))


def test_the_place_of_a_mistake_in_a_quoted_formula_counts_the_quote_and_the_sign():
    with pytest.raises(DefinitionError) as caught:
        tree("a: {b: \"=event.id = 'x'\"}")
    assert [str(problem.place) for problem in caught.value.problems] == ["boost.yml:1:19"]


def test_every_mistake_in_a_tree_is_reported_at_once():
    with pytest.raises(DefinitionError) as caught:
        tree("a: =1 +\nb: ['x {{ 1 + }} y', '{{ x', =nope(1)]\n")
    assert [str(problem) for problem in caught.value.problems] == [
        "boost.yml:1:8: E201 the formula ends before it is complete",
        "boost.yml:2:14: E201 the formula ends before it is complete",
        "boost.yml:2:23: E230 '{{' opens a formula that does not end (it ends with }}; to have {{ in the text "
        "write {{ '{{' }})",
        "boost.yml:2:31: E206 there is no function 'nope'",
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("=event.budget * 110%", Money(Decimal("44"), "USD")),
        ("a {{ event.id }} b {{event.budget}}", "a 5017 b 40 USD"),
        ("'{{ event.id }}'", "5017"),
        ("\"{{ '}}' + event.id }}\"", "}}5017"),
        ("'{{ count([{a: {b: 1}}]) }}{{ count([{}]) }}'", "11"),
        ("\"{{ '{{' }} name }}\"", "{{ name }}"),
        ("\"='=5'\"", "=5"),
        ("a }} b", "a }} b"),
        ("{a: [1, 2.5, =event.id], b: {c: null}}", {"a": [1, Decimal("2.5"), "5017"], "b": {"c": None}}),
        ("{a: =event.phone, b: =event.sms}", {"b": None}),
        ("=event.tags", ["a", "b"]),
        ("500 USD", "500 USD"),
    ],
)
def test_a_tree_comes_to_its_value(text, value):
    assert render(tree(text), VALUES) == value


def test_only_an_entry_of_an_object_can_be_left_out():
    with pytest.raises(FormulaError, match=r"event\.phone is missing"):
        render(tree("=event.phone"), VALUES)
    with pytest.raises(FormulaError, match=r"event\.phone is missing"):
        render(tree("[=event.phone]"), VALUES)
    with pytest.raises(FormulaError, match=r"event\.phone is missing"):
        render(tree("{a: =event.phone + 'x'}"), VALUES)


def test_a_template_refuses_what_has_no_form_as_text():
    with pytest.raises(FormulaError, match=r"^boost.yml:1:6: null has no form as text$"):
        render(tree("a {{ event.sms }}"), VALUES)


def test_a_template_stays_within_bounds():
    with pytest.raises(FormulaError, match="more than 20000 characters"):
        render(tree("'{{ a }}{{ a }}{{ a }}'"), {"a": "x" * 9_000})
    with pytest.raises(DefinitionError, match="E202"):
        tree("x" * 20_001 + "{{ a }}")


def test_a_text_takes_the_type_of_where_it_goes():
    written = "{id: 500 USD, budget: 500 USD, share: 10%, at: 2026-03-01T15:00:00Z, tags: [5%], other: 5%}"
    assert render(tree(written), {}, INPUTS) == {
        "id": "500 USD",
        "budget": Money(Decimal("500"), "USD"),
        "share": Percent(Decimal("0.1")),
        "at": datetime(2026, 3, 1, 15, tzinfo=UTC),
        "tags": ["5%"],
        "other": "5%",
    }
    assert read_as("24h", Nullable(Duration())) == timedelta(hours=24)
    assert read_as(["1 USD"], ListOf(MoneyType())) == [Money(Decimal("1"), "USD")]
    assert read_as("much", MoneyType()) == "much"


def test_a_tree_without_a_destination_has_the_type_its_parts_make():
    found, problems = check_tree(tree("{a: =event.phone, b: [1, 2], c: [1, x], d: '{{ event.id }}', e: =1 + 1}"), SCOPE)
    assert problems == []
    assert found == ObjectOf(
        {
            "a": FieldType(Text(), optional=True),
            "b": FieldType(ListOf(Number())),
            "c": FieldType(ListOf(Unknown())),
            "d": FieldType(Text()),
            "e": FieldType(Number()),
        }
    )


@pytest.mark.parametrize(
    "text",
    [
        "{id: =event.id, phone: =event.phone, sms: =event.sms, budget: =event.budget, tags: =event.tags}",
        "{id: 5017, budget: 500 USD, share: 10%, at: 2026-03-01T15:00:00Z, sms: null, tags: [a], inner: {name: x}}",
        "{id: 'n {{ event.id }}', budget: {value: 40, currency: USD}, extra: {any: [thing, 1]}, sms: true}",
        "{id: x, budget: {value: =2 * 20, currency: =currency(event.budget)}, extra: =event.tags}",
    ],
)
def test_a_tree_that_fits_has_no_problems(text):
    assert problems_of(text) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{}", "1:1: E224 'id' is missing, a field of vendor.do_thing (it is text)"),
        ("{id: a, budgt: 5}", "1:9: E213 'budgt' is not a field of vendor.do_thing (did you mean 'budget'?)"),
        ("{id: =event.phone}", "1:7: E211 event.phone may be absent (use has(event.phone) or default(event.phone, …))"),
        ("{id: a, phone: =event.phone + 'x'}", "1:17: E211 event.phone may be absent"),
        ("{id: a, tags: [=event.phone]}", "1:17: E211 event.phone may be absent"),
        ("{id: a, phone: =event.sms}", "1:17: E219 this is true or false or null, where text is needed"),
        ("{id: a, budget: 5}", "1:17: E219 this is number, where money is needed"),
        ("{id: a, budget: lots}", "1:17: E219 this is text, where money is needed (money is written like 500 USD)"),
        ("{id: a, budget: 5 ZZZ}", "1:17: E219 this is text, where money is needed ('ZZZ' is not an ISO 4217"),
        ("{id: a, budget: {value: 5}}", "1:17: E224 'currency' is missing, a field of money"),
        ("{id: a, budget: [5]}", "1:17: E219 this is a list, where money is needed"),
        ("{id: a, tags: {a: b}}", "1:15: E219 this is an object, where list of text is needed"),
        ("{id: a, tags: '{{ event.id }}'}", "1:16: E219 this is text, where list of text is needed"),
        ("{id: 1.5}", "1:6: E219 this is number, where text is needed"),
        ("{id: null}", "1:6: E219 this is null, where text is needed"),
        ("{id: a, at: 2026-03-01}", "1:13: E219 this is text, where instant is needed (an instant has its offset"),
        ("{id: 'x {{ event.sms }}'}", "1:12: E212 event.sms may be null, which has no form as text"),
        ("{id: 'x {{ event.tags }}'}", "1:12: E231 event.tags is list of text, which has no form as text"),
        ("{id: 'x {{ event.phone }}'}", "1:12: E211 event.phone may be absent"),
        ("{id: a, inner: {nam: x, name: y}}", "1:17: E213 'nam' is not a field of what it goes to"),
        ("[1]", "1:1: E219 this is a list, where object is needed"),
        ("5", "1:1: E219 this is number, where object is needed"),
    ],
)
def test_what_does_not_fit_is_named(text, problem):
    (found,) = problems_of(text)
    assert found.startswith(f"boost.yml:{problem}")


def test_all_formulas_of_a_tree_share_the_work_one_may_cost():
    scope = {"list": list(range(4_000))}
    line = "  - =count(list, each > 0)\n"
    assert render(tree("a:\n" + line), scope) == {"a": [3_999]}
    with pytest.raises(FormulaError, match="too much work"):
        render(tree("a:\n" + line * 20), scope)
    with pytest.raises(FormulaError, match="too much work"):
        assigned({f"a{number}": tree("=count(list, each > 0)") for number in range(20)}, scope, "own")


def test_what_a_step_hands_on_has_a_bounded_size_however_often_it_names_a_thing():
    scope = {"list": [{"text": "x" * 90_000, "number": Decimal("1." + "1" * 4_000)}] * 10}
    assert render(tree("=map(list, each.text)"), scope) == ["x" * 90_000] * 10
    for text in ("a: [=list, =list]", "=map(list, list)", "=map(list, map(list, each.number))", "{a: =list, b: =list}"):
        with pytest.raises(FormulaError, match="more than 1000000 characters are handed on"):
            render(tree(text), {**scope, "list": scope["list"] * 6})
    with pytest.raises(FormulaError, match="more than 1000000 characters are handed on"):
        assigned({"a": tree("=list"), "b": tree("=[own, own]")}, scope, "own")


def test_values_that_are_set_see_those_before_them():
    trees = {"a": tree("5"), "b": tree("=own.a + 1"), "all": tree("=own")}
    assert assigned(trees, {}, "own") == {"a": 5, "b": 6, "all": {"a": 5, "b": 6}}


def test_a_template_stops_as_soon_as_it_is_too_long():
    with pytest.raises(FormulaError, match="a text of more than 20000 characters"):
        render(tree("'" + "{{ text }}" * 1_000 + "'"), {"text": "x" * 9_000})


def test_an_instant_at_the_end_of_the_calendar_is_refused_and_no_more():
    late = datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5)))
    with pytest.raises(FormulaError, match=r"^boost.yml:1:5: an instant that no calendar has in UTC$"):
        render(tree("'{{ at }}'"), {"at": late})
