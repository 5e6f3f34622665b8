import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.errors import FormulaError
from workflows.language.formulas.patterns import pattern


@pytest.mark.parametrize(
    ("written", "text", "fits"),
    [
        ("", "", True),
        ("", "a", False),
        ("*", "", True),
        ("*", "anything\nat all", True),
        ("VIP*", "VIP Balcony", True),
        ("VIP*", "a VIP", False),
        ("*gala*", "the gala night", True),
        ("*gala*", "the Gala night", False),
        ("ORD-####", "ORD-2026", True),
        ("ORD-####", "ORD-202", False),
        ("ORD-####", "ORD-20261", False),
        ("#", "٣", False),
        ("?", "é", True),
        ("?", "", False),
        ("a*b*c", "a-b-b-c", True),
        ("a**b", "ab", True),
        (r"100\*", "100*", True),
        (r"100\*", "100%", False),
        (r"\\\#", r"\#", True),
    ],
)
def test_a_whole_text_is_as_the_pattern_says_or_not(written, text, fits):
    assert pattern(written).matches(text) is fits


@pytest.mark.parametrize(
    ("written", "reason"),
    [("a\\", "a pattern that ends with"), ("x" * 201, "a pattern of more than 200 characters")],
)
def test_what_is_no_pattern_is_refused(written, reason):
    with pytest.raises(FormulaError, match=reason):
        pattern(written)


@given(st.text("a*?#1b", max_size=8), st.text("ab1*", max_size=12))
def test_patterns_mean_what_the_same_regular_expression_means(written, text):
    same = "".join({"*": ".*", "?": ".", "#": "[0-9]"}.get(sign, re.escape(sign)) for sign in written)
    assert pattern(written).matches(text) is bool(re.fullmatch(same, text, re.DOTALL))
