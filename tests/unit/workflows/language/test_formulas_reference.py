import re
from pathlib import Path

import pytest

from workflows.language.formulas import parse
from workflows.language.formulas.reference import brought_up_to_date
from workflows.problems import Place

DOCUMENT = Path(__file__).parents[4] / "docs" / "formulas.md"
# All but the one that is text with formulas in it.
EXAMPLES = re.findall(r'^    (?!title)(?:\w+: )?"?=?(.+?)"?$', DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)


def test_the_tables_of_the_reference_are_those_of_the_code():
    page = DOCUMENT.read_text(encoding="utf-8")
    assert page.count("<!-- generated: ") == 2
    assert brought_up_to_date(page) == page, "python -m workflows.language.formulas.reference docs/formulas.md"


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_examples_of_the_reference_can_be_read(text):
    parse(text, Place("formulas.md", 1, 1))
