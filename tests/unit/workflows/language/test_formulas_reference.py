from pathlib import Path

from workflows.language.formulas import FUNCTIONS

DOCUMENT = Path(__file__).parents[4] / "docs" / "formulas.md"


def test_the_reference_lists_every_function_and_no_other():
    table = DOCUMENT.read_text(encoding="utf-8").partition("## Functions")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    assert rows == [f"| `{function.signature}` | {function.doc} |" for function in FUNCTIONS]
