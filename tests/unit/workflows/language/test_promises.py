"""Workflows are held against each other: what one emits another hears, what one gives another reads."""

from tests.builders.catalogue import make_catalogue
from workflows.language.promises import MAX_DEPTH, Known, bounded, check_together, either_of
from workflows.language.reader import read_definition
from workflows.language.surroundings import Surroundings
from workflows.language.types import FieldType, ListOf, Mistaken, MoneyType, Nullable, Number, ObjectOf, Text, Unknown

ORDER = "when: {event: order.placed}\n"


def together(**texts: str) -> tuple[dict[str, list[str]], Surroundings]:
    known = [Known(read_definition(f"workflow: {name}\n{text}", f"{name}.yml")) for name, text in texts.items()]
    checked, surroundings = check_together(known, Surroundings(make_catalogue(), {}))
    told = {name: [problem.code for problem in one.problems] for name, one in zip(texts, checked, strict=True)}
    return told, surroundings


def emits(event: str, data: str, when: str = ORDER) -> str:
    return f"{when}steps:\n  - {{id: tell, emit: {{event: {event}, data: {data}}}}}\n"


def reads(event: str, path: str) -> str:
    return f"when: {{event: {event}}}\nsteps:\n  - {{id: note, stop_unless: {path} > 1 USD}}\n"


def test_what_is_emitted_is_what_is_read() -> None:
    told, _ = together(one=emits("stagedoor.x", "{cap: =5 USD}"), two=reads("stagedoor.x", "event.data.cap"))
    assert told == {"one": [], "two": []}
    told, _ = together(one=emits("stagedoor.x", "{cap: =5}"), two=reads("stagedoor.x", "event.data.cap"))
    assert told == {"one": [], "two": ["E216"]}


def test_what_is_read_of_another_may_come_from_a_third() -> None:
    again = emits("stagedoor.y", "{cap: =event.data.cap}", "when: {event: stagedoor.x}\n")
    told, surroundings = together(
        last=reads("stagedoor.y", "event.data.cap"), between=again, first=emits("stagedoor.x", "{cap: =5 USD}")
    )
    assert told == {"last": [], "between": [], "first": []}
    assert surroundings.events["stagedoor.y"] == ObjectOf({"cap": FieldType(MoneyType())})


def test_what_only_some_emit_may_be_absent() -> None:
    told, _ = together(
        one=emits("stagedoor.x", "{cap: =5 USD}"),
        two=emits("stagedoor.x", "{}"),
        three=reads("stagedoor.x", "event.data.cap"),
    )
    assert told["three"] == ["E211"]


def test_an_event_that_holds_the_one_before_it_comes_to_an_end() -> None:
    told, surroundings = together(
        one=emits("stagedoor.x", "{before: =event.data, n: =1}", "when: {event: stagedoor.x}\n")
    )
    assert told == {"one": []}
    found, depth = surroundings.events["stagedoor.x"], 0
    while isinstance(found, ObjectOf):
        found, depth = found.fields["before"].type, depth + 1
    assert isinstance(found, Unknown)
    assert depth == MAX_DEPTH


def test_in_a_circle_what_one_of_them_knows_is_known_to_all() -> None:
    again = emits("stagedoor.x", "{cap: =event.data.cap}", "when: {event: stagedoor.x}\n")
    told, surroundings = together(again=again, first=emits("stagedoor.x", "{cap: =5 USD}"))
    assert told == {"again": [], "first": []}
    assert surroundings.events["stagedoor.x"] == ObjectOf({"cap": FieldType(MoneyType())})


HELPER = """\
when: {manual: {inputs: {name: text, cap: {type: money, default: 1 USD}}}}
steps:
  - {id: work, set: {cap: =event.data.cap * 2}}
result: {cap: =work.cap}
"""


def caller(given: str, condition: str) -> str:
    return f"{ORDER}steps:\n  - {{id: help, run: helper, with: {given}}}\n  - {{id: ok, stop_unless: {condition}}}\n"


def test_what_a_workflow_is_given_and_gives_has_its_types() -> None:
    assert together(helper=HELPER, one=caller("{name: x}", "help.cap > 1 USD"))[0]["one"] == []
    assert together(helper=HELPER, one=caller("{}", "help.cap > 1 USD"))[0]["one"] == ["E224"]
    assert together(helper=HELPER, one=caller("{name: x, cap: 5}", "help.cap > 1 USD"))[0]["one"] == ["E219"]
    assert together(helper=HELPER, one=caller("{name: x}", "help.cap > 1"))[0]["one"] == ["E216"]


def test_a_workflow_without_a_result_gives_nothing_to_read() -> None:
    silent = HELPER.replace("result: {cap: =work.cap}\n", "")
    assert together(helper=silent, one=caller("{name: x}", "help.cap > 1 USD"))[0]["one"] == ["E306"]


def test_a_circle_of_runs_is_told_at_every_step_of_it() -> None:
    manual = "when: {manual: {}}\n"
    told, _ = together(
        one=f"{manual}steps:\n  - {{id: a, run: two}}\n", two=f"{manual}steps:\n  - {{id: b, run: one}}\n"
    )
    assert told == {"one": ["E335"], "two": ["E335"]}


def test_of_two_types_the_one_that_is_both() -> None:
    one = ObjectOf({"a": FieldType(Text()), "b": FieldType(Number())})
    other = ObjectOf({"a": FieldType(Number()), "c": FieldType(Mistaken())})
    assert either_of(one, other) == ObjectOf(
        {"a": FieldType(Unknown()), "b": FieldType(Number(), True), "c": FieldType(Mistaken(), True)}
    )
    assert either_of(ListOf(Mistaken()), ListOf(Text())) == ListOf(Text())
    assert either_of(Nullable(one), one) == Nullable(one)
    assert bounded(Nullable(ListOf(ListOf(Text()))), 1) == Nullable(ListOf(Unknown()))
