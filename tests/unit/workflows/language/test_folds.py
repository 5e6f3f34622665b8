"""A formula may take several lines, and what is wrong in it is still reported where it stands."""

import pytest

from tests.builders.catalogue import make_catalogue
from workflows.errors import DefinitionError
from workflows.language.checker import check_definition
from workflows.language.reader import read_definition
from workflows.language.surroundings import Surroundings
from workflows.problems import Problem

FORMS = {
    "folded": "where: >-\n    event.type == 'x'\n\n    and {} == 1\n",
    "as written": "where: |\n    event.type == 'x'\n      and {} == 1\n",
    "plain": "where: event.type == 'x'\n      and event.subject == 'x'\n    and {} == 1\n",
    "in quotes": "where: 'event.type ==\n    event.subject and\n       {} == 1'\n",
}


def problems_of(text: str) -> list[Problem]:
    try:
        return list(check_definition(read_definition(text, "w.yml"), Surroundings(make_catalogue(), {})).problems)
    except DefinitionError as error:
        return list(error.problems)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("mistake", ["nothing", "?"])
def test_a_mistake_is_reported_on_its_own_line(form: str, mistake: str) -> None:
    where = form.format(mistake)
    text = f"workflow: w\nwhen:\n  event: order.placed\n  {where}steps:\n  - {{id: a, set: {{x: 1}}}}\n"
    (problem,) = problems_of(text)
    assert problem.place is not None
    assert text.splitlines()[problem.place.line - 1][problem.place.column - 1 :].startswith(mistake)


def test_a_step_after_a_folded_text_keeps_its_place() -> None:
    text = "workflow: w\ndescription: two\n  lines\nwhen: {event: order.placed}\nsteps:\n  - {id: a, set: {x: =nope}}\n"
    assert [str(problem.place) for problem in problems_of(text)] == ["w.yml:6:23"]


def test_a_formula_in_a_folded_value_is_reported_on_its_own_line() -> None:
    text = (
        "workflow: w\nwhen: {event: order.placed}\nsteps:\n  - id: a\n    set:\n      x: =event.id ==\n        nope\n"
    )
    assert [str(problem.place) for problem in problems_of(text)] == ["w.yml:7:9"]
