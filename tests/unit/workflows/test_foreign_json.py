"""JSON that others wrote: whatever comes, it is read exactly or refused with ValueError."""

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.typed_json import load_foreign


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "NaN",
        "-Infinity",
        "1e999999999999999999999",
        "[" * 200_000,
        "1" * 5000,
        '"\\ud800"',
        b"\xff",
        b"\xed\xa0\x80",
    ],
)
def test_what_is_not_json_or_cannot_be_kept_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        load_foreign(text)


def test_fractions_stay_exact_and_characters_beyond_the_first_plane_stay_whole() -> None:
    assert load_foreign('{"a": 0.10, "b": "\\ud83d\\ude00"}') == {"a": Decimal("0.10"), "b": "\U0001f600"}
    assert load_foreign('{"a":"ü"}'.encode()) == {"a": "ü"}


@given(st.binary() | st.text())
def test_any_bytes_are_read_or_refused(text: str | bytes) -> None:
    with contextlib.suppress(ValueError):
        load_foreign(text)


def test_a_fraction_of_more_digits_than_any_number_has_is_refused():
    assert load_foreign(f"0.{'1' * 4_000}") == Decimal(f"0.{'1' * 4_000}")
    with pytest.raises(ValueError, match="too many digits"):
        load_foreign(f"0.{'1' * 5_000}")
