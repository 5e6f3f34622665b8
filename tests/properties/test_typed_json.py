"""Laws of the ledger's JSON: what goes in comes out, and equal values have equal text."""

from datetime import UTC, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from workflows import typed_json
from workflows.values import Money, Percent

decimals = st.decimals(allow_nan=False, allow_infinity=False)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | decimals
    | st.builds(Money, decimals, st.sampled_from(["USD", "JPY"]))
    | st.builds(Percent, decimals)
    | st.datetimes(timezones=st.just(UTC))
    | st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=400))
)
keys = st.text() | st.sampled_from(["$money", "$$", "$", "plain", '"$quoted'])
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=20
)


@given(values)
def test_what_goes_in_comes_out(value: object) -> None:
    assert typed_json.load(typed_json.dump(value)) == value


@given(values)
def test_the_short_way_writes_what_the_long_one_does(value: object) -> None:
    assert typed_json.dump(value) == typed_json._dump_packed(value)


@given(st.dictionaries(st.text(), leaves))
def test_the_order_of_keys_is_the_same_whatever_it_was(value: dict[str, object]) -> None:
    assert typed_json.dump(dict(reversed(value.items()))) == typed_json.dump(value)


def test_a_fraction_is_kept_exactly() -> None:
    assert typed_json.load(typed_json.dump(1.5)) == Decimal("1.5")
