"""What is given to a workflow that is started by hand, held against what it declares."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from workflows.errors import InputError
from workflows.language.inputs import load_inputs
from workflows.language.reader import read_definition
from workflows.values import Money


def load(declared: str, given: object) -> dict[str, Any]:
    text = f"workflow: w\nwhen: {{manual: {{inputs: {{it: {declared}}}}}}}\nsteps: [{{id: a, set: {{b: =1}}}}]\n"
    return load_inputs(read_definition(text, "w.yml").trigger.manual or {}, {"it": given})


@pytest.mark.parametrize(
    ("declared", "given", "found"),
    [
        ("list of money", ["5 USD"], [Money(Decimal(5), "USD")]),
        ("list of instant", ["2026-03-01T15:00:00Z"], [datetime(2026, 3, 1, 15, tzinfo=UTC)]),
        ("list of text", [], []),
    ],
)
def test_items_of_lists_are_read_as_they_are_declared(declared: str, given: object, found: object) -> None:
    assert load(declared, given) == {"it": found}


@pytest.mark.parametrize(
    ("declared", "given", "problem"),
    [
        ("list of text", [1], "it: E219 this is list of number, where list of text is needed"),
        ("list of money", ["5 USD", 5], "it: E219 this is list of undocumented value, where list of money is needed"),
        ("list of money", ["5 USD", None], "it: E219 an item is null, where list of money is needed"),
        ("list of text", None, "it: E224 'it' is missing (it is list of text)"),
    ],
)
def test_items_of_another_type_are_refused(declared: str, given: object, problem: str) -> None:
    with pytest.raises(InputError) as refused:
        load(declared, given)
    assert [str(one) for one in refused.value.problems] == [problem]
