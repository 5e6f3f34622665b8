"""Laws of the schemes: for any bytes whatever they accept or raise their own error, and never accept by chance."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks.errors import SignatureError
from webhooks.signatures import Elements, HeaderToken, Hmac, Key, PathToken, Presented, Scheme, SignedText

HEADER = "tickettailor-webhook-signature"
KEYS = (Key(b"a secret of ours"), Key(b"and another one"))
SCHEMES: list[Scheme] = [
    PathToken(KEYS),
    HeaderToken(HEADER, KEYS),
    Hmac(Elements(HEADER), KEYS, SignedText("{timestamp}{body}")),
]

anything = st.text() | st.text(alphabet=st.characters()) | st.binary().map(lambda raw: raw.decode("latin-1"))
nearly = st.builds(
    lambda name, timestamp, separator, rest: f"{name}={timestamp}{separator}{rest}",
    st.sampled_from(["t", "T", " t", "v1", ""]),
    st.integers().map(str) | anything,
    st.sampled_from([",", ", ", ";", ",,", ""]),
    anything.map(lambda text: f"v1={text}") | anything,
)


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: type(scheme).__name__)
@given(body=st.binary(), header=anything | nearly, token=st.none() | anything, now=st.floats(0, 1e12))
def test_whoever_does_not_know_the_secret_meets_a_signature_error(
    scheme: Scheme, body: bytes, header: str, token: str | None, now: float
) -> None:
    with pytest.raises(SignatureError):
        scheme.verify(Presented(body, {HEADER: header}, token), now)
