import re
from pathlib import Path

from workflows.language import codes

LANGUAGE = Path(codes.__file__).parent


def test_every_code_of_formulas_is_documented_and_every_documented_one_is_used():
    sources = [path.read_text(encoding="utf-8") for path in LANGUAGE.rglob("*.py") if path.name != "codes.py"]
    used = {code for source in sources for code in re.findall(r'"(E2\d\d)"', source)}
    assert used == {code for code in codes.CODES if code.startswith("E2")}
