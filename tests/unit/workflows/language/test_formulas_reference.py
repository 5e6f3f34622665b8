from pathlib import Path

from workflows.language.formulas.reference import brought_up_to_date

DOCUMENT = Path(__file__).parents[4] / "docs" / "formulas.md"


def test_the_tables_of_the_reference_are_those_of_the_code():
    page = DOCUMENT.read_text(encoding="utf-8")
    assert page.count("<!-- generated: ") == 2
    assert brought_up_to_date(page) == page, "python -m workflows.language.formulas.reference docs/formulas.md"
