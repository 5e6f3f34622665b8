"""A definition is checked against the events it hears of, the operations it calls and the fields of its brand."""

import pytest

from tests.builders.catalogue import make_catalogue
from workflows.language.checker import check_definition
from workflows.language.reader import read_definition
from workflows.language.surroundings import Surroundings
from workflows.language.types import FieldType, MoneyType, Text

BRAND = {"zone": FieldType(Text()), "budget_cap": FieldType(MoneyType()), "motto": FieldType(Text(), optional=True)}
HEAD = "workflow: w\nvars: {floor: 1.2%, total: 60 USD}\nwhen: {event: symphony.campaign.created}\nsteps:\n"
FIGURES = "  - {id: stats, call: shop.get_figures, with: {id: =event.data.id}}\n"


def problems_of(text: str) -> list[str]:
    definition = read_definition(text, "w.yml")
    return [str(problem) for problem in check_definition(definition, Surroundings(make_catalogue(), BRAND)).problems]


def caret(text: str) -> tuple[str, str]:
    """The text without its `^`, and the place where that stood."""
    before = text[: text.index("^")]
    line = before.count("\n") + 1
    return text.replace("^", "", 1), f"w.yml:{line}:{len(before) - before.rfind(chr(10))}"


def test_a_definition_in_which_everything_fits_has_no_problem() -> None:
    text = """\
workflow: w
vars: {floor: 1.2%, total: 60 USD, markets: [US, NO]}
when:
  event: symphony.campaign.completed
  where: event.data.provider == 'facebook' and event.data.type in vars.markets
run: {key: event.data.id}
steps:
  - id: morning
    wait: {until: "09:00", zone: =brand.zone}
  - id: later
    wait: {for: 30m, from: =event.occurred_at}
  - id: stats
    call: shop.get_figures
    with: {id: =event.data.id}
  - id: known
    stop_unless: has(stats.ctr)
  - id: good
    stop_unless: stats.ctr >= vars.floor and run.workflow == 'w'
  - id: target
    set:
      amount: =min(stats.budget * 110%, brand.budget_cap)
      half: =target.amount / 2
  - id: edit
    if: target.amount > stats.budget
    call: shop.edit_show
    with:
      id: 5017
      budget: =target.amount
      note: "from {{ stats.budget }}"
      share: 0.5
  - id: contact
    call: shop.add_contact
    with: {opt_ins: {email: null}, tags: [a, =event.data.id]}
"""
    assert problems_of(text) == []


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        (
            "  - {id: a, call: ^shop.edit_shw}",
            "E302 there is no operation 'shop.edit_shw' (did you mean 'shop.edit_show'?)",
        ),
        ("  - {id: a, call: ^shop.gone, with: {id: x}}", "E303 shop.gone is not configured"),
        (
            "  - {id: a, call: shop.edit_show, with: {id: x, ^budgt: 5 USD}}",
            "E213 'budgt' is not a field of shop.edit_show",
        ),
        (
            "  - {id: a, call: shop.edit_show, with: ^{budget: 5 USD}}",
            "E224 'id' is missing, a field of shop.edit_show",
        ),
        ("  - {id: a, call: ^shop.edit_show}", "E224 'id' is missing, a field of shop.edit_show"),
        ("  - {id: a, call: shop.edit_show, with: {id: x, budget: ^5}}", "E219 this is number, where money is needed"),
        (
            "  - {id: a, call: shop.edit_show, with: {id: x, budget: =^vars.floor}}",
            "E219 this is percentage, where money",
        ),
        ("  - {id: a, call: shop.add_contact, with: {opt_ins: {^emial: true}}}", "E213 'emial' is not a field of "),
        (
            "  - {id: a, call: shop.add_contact, with: {opt_ins: {email: ^yes}}}",
            "E219 this is text, where true or false or null",
        ),
        ("  - {id: a, stop_unless: ^vars.total}", "E218 a condition is true or false, this is money"),
        ("  - {id: a, stop_unless: vars.^totl > 5 USD}", "E213 'totl' is not a field of vars (did you mean 'total'?)"),
        ("  - {id: a, stop_unless: brand.^budget_kap > 5 USD}", "E213 'budget_kap' is not a field of brand "),
        ("  - {id: a, stop_unless: ^brand.motto == 'x'}", "E211 brand.motto may be absent"),
        ("  - {id: a, stop_unless: event.data.^idd == 'x'}", "E213 'idd' is not a field of symphony.campaign.created"),
        ("  - {id: a, stop_unless: ^evnt.id == 'x'}", "E210 there is no 'evnt' here (did you mean 'event'?)"),
        ("  - {id: a, stop_unless: ^b.x == 1}\n  - {id: b, set: {x: 1}}", "E305 the step 'b' has not run yet here"),
        ("  - {id: a, set: {x: =a.^x}}", "E213 'x' is not a field of a"),
        (
            "  - {id: a, wait: {for: 1s}}\n  - {id: b, set: {x: =^a}}",
            "E306 the step 'a' gives nothing that can be read",
        ),
        (
            "  - {id: a, call: shop.edit_show, with: {id: x}}\n  - {id: b, set: {x: =^a.id}}",
            "E306 the step 'a' gives nothing",
        ),
        (FIGURES + "  - {id: b, stop_unless: stats.^budgt > 1 USD}", "E213 'budgt' is not a field of shop.get_figures"),
        (FIGURES + "  - {id: b, stop_unless: ^stats.ctr > 1%}", "E211 stats.ctr may be absent"),
        ("  - {id: a, wait: {for: =^vars.total}}", "E219 this is money, where duration is needed"),
        (
            "  - {id: a, wait: {for: ^15d}}",
            "E308 the wait is longer than the run may last (a run ends when 'expires'",
        ),
        ("  - {id: a, wait: {for: 1m, from: =^vars.total}}", "E219 this is money, where instant is needed"),
        ('  - {id: a, wait: {until: "^25:00", zone: UTC}}', "E309 '25:00' is not a time of day "),
        ("  - {id: a, wait: {until: =^vars.total, zone: UTC}}", "E309 'until' takes HH:MM or an instant, not money"),
        ('  - {id: a, wait: {until: "^09:00"}}', "E310 a time of day needs a 'zone' "),
        (
            "  - {id: a, wait: {until: =event.occurred_at, zone: ^UTC}}",
            "E310 an instant needs no 'zone' (leave it out)",
        ),
        (
            '  - {id: a, wait: {until: "09:00", zone: ^Europe/Londn}}',
            "E311 'Europe/Londn' is not a time zone of the IANA ",
        ),
        ('  - {id: a, wait: {until: "09:00", zone: =^vars.total}}', "E219 this is money, where text is needed"),
    ],
)
def test_what_cannot_work_is_reported_where_it_stands(steps: str, problem: str) -> None:
    text, place = caret(HEAD + steps + "\n")
    (found, *more) = problems_of(text)
    assert found.startswith(f"{place}: {problem}")
    assert not more


@pytest.mark.parametrize(
    ("when", "run", "problem"),
    [
        ("{event: ^order.plced}", "{}", "E301 'order.plced' is not a type of event (did you mean 'order.placed'?)"),
        ("{event: order.placed, where: ^event.data.id}", "{}", "E218 a condition is true or false, this is text"),
        ("{event: order.placed, where: ^run.id == 'x'}", "{}", "E210 there is no 'run' here"),
        ("{event: order.placed, where: ^a.id == 'x'}", "{}", "E305 the step 'a' has not run yet here"),
        ("{event: order.placed}", "{key: ^event.data.buyer}", "E307 a key is text or a number, this is object"),
        ("{event: order.placed}", "{key: ^event.data.show_id}", "E211 event.data.show_id may be absent"),
        (
            "{event: order.placed}",
            "{key: ^event.data.consent.sms}",
            "E307 a key is text or a number, this is true or false or",
        ),
    ],
)
def test_the_trigger_and_the_key_are_checked_before_any_step_has_run(when: str, run: str, problem: str) -> None:
    text, place = caret(
        f"workflow: w\nwhen: {when}\nrun: {run}\nsteps: [{{id: a, call: shop.get_figures, with: {{id: x}}}}]\n"
    )
    (found, *more) = problems_of(text)
    assert found.startswith(f"{place}: {problem}")
    assert not more


def test_with_several_event_types_a_field_only_one_has_may_be_absent() -> None:
    text = "workflow: w\nwhen: {event: [symphony.campaign.created, order.placed], where: event.data.provider == 'x'}\n"
    (problem,) = problems_of(text + "steps: [{id: a, set: {x: =event.data.id}}]\n")
    assert problem.startswith("w.yml:2:65: E211 event.data.provider may be absent")


@pytest.mark.parametrize("how", ["if: event.data.id == 'x'", "on_error: continue"])
def test_the_output_of_a_step_that_may_not_have_run_is_asked_for_first(how: str) -> None:
    step = f"  - {{id: a, {how}, call: shop.get_figures, with: {{id: x}}}}\n"
    (problem,) = problems_of(HEAD + step + "  - {id: b, stop_unless: a.budget > 5 USD}\n")
    assert problem.startswith("w.yml:6:26: E211 a may be absent")
    assert problems_of(HEAD + step + "  - {id: b, stop_unless: has(a) and a.budget > 5 USD}\n") == []


@pytest.mark.parametrize("guard", ["where", "if", "stop_unless"])
def test_what_a_condition_has_settled_need_not_be_settled_again(guard: str) -> None:
    condition = "has(event.data.buyer.email) and event.data.consent.sms != null"
    where = f", where: {condition}" if guard == "where" else ""
    stop = f"  - {{id: s, stop_unless: {condition}}}\n" if guard == "stop_unless" else ""
    inner = f"if: {condition}, " if guard == "if" else ""
    use = "set: {x: =event.data.buyer.email, y: =not event.data.consent.sms}"
    text = f"workflow: w\nwhen: {{event: order.placed{where}}}\nsteps:\n{stop}  - {{id: a, {inner}{use}}}\n"
    assert problems_of(text) == []
    after = "  - {id: z, stop_unless: event.data.buyer.email == 'x'}\n"
    assert len(problems_of(text + after)) == (1 if guard == "if" else 0)


def test_a_stop_that_may_be_skipped_settles_nothing() -> None:
    stop = "  - {id: s, if: event.type == 'x', stop_unless: has(event.data.buyer.email)}\n"
    use = "  - {id: z, stop_unless: event.data.buyer.email == 'x'}\n"
    (problem,) = problems_of("workflow: w\nwhen: {event: order.placed}\nsteps:\n" + stop + use)
    assert "E211" in problem


def test_every_problem_is_reported_once_and_in_document_order() -> None:
    text = """\
workflow: w
when: {event: order.plced, where: event.data.anything > 1}
steps:
  - {id: a, call: shop.gt_figures, with: {anything: =nothing.here}}
  - {id: b, stop_unless: a.whatever > 1 and later.x}
  - {id: later, set: {x: =brand.nope}}
  - {id: c, stop_unless: later.x}
"""
    assert [problem.split()[1] for problem in problems_of(text)] == ["E301", "E302", "E210", "E305", "E213"]


def test_without_a_brand_to_check_against_nothing_is_said_of_it() -> None:
    text = HEAD + "  - {id: a, stop_unless: brand.anything.at.all > 1}\n"
    assert check_definition(read_definition(text, "w.yml"), Surroundings(make_catalogue())).problems == ()
