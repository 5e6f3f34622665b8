"""Laws of the schemes: for any bytes whatever they accept or raise their own error, and never accept by chance."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conformance.test_signatures import CASES
from webhooks.errors import SignatureError
from webhooks.signatures import InnerSignature, Key, Networks, Presented, Scheme

KEYS = (Key(b"a secret of ours"), Key(b"and another one"))
SCHEMES: dict[str, Scheme] = {
    **{name: case.make(KEYS) for name, case in CASES.items()},
    "networks": Networks((ip_network("203.0.113.7"),), proxies=1),
    "signature inside the body, over data": InnerSignature(KEYS, "timestamp.data"),
}
HEADERS = (
    *("x-signature", "x-time", "x-api-key", "authorization", "x-hub-signature-256", "x-client-subject"),
    *("webhook-id", "webhook-timestamp", "webhook-signature", "x-ctct-hmac-sha256", "x-forwarded-for"),
)

anything = st.text() | st.text(alphabet=st.characters()) | st.binary().map(lambda raw: raw.decode("latin-1"))
nearly = st.builds(
    lambda name, timestamp, separator, rest: f"{name}={timestamp}{separator}{rest}",
    st.sampled_from(["t", "T", " t", "v1", "v0", "sha256", ""]),
    st.integers().map(str) | anything,
    st.sampled_from([",", ", ", ";", ",,", ""]),
    anything.map(lambda text: f"v1={text}") | anything,
)
standard = st.builds(lambda version, proof: f"{version},{proof}", st.sampled_from(["v1", "v1a", "v2", ""]), anything)
basic = anything.map(lambda text: f"Basic {text}")
headers = st.dictionaries(st.sampled_from(HEADERS), anything | nearly | standard | basic | st.integers().map(str))
bodies = st.binary() | st.sampled_from([b'{"signature":', b'{"api_key":"']).flatmap(
    lambda begin: st.binary().map(lambda rest: begin + rest)
)


@pytest.mark.parametrize("name", SCHEMES)
@given(
    body=bodies,
    headers=headers,
    token=st.none() | anything,
    peer=st.none() | anything | st.just("10.0.0.1"),
    now=st.floats(0, 1e12),
)
def test_whoever_does_not_know_the_secret_meets_a_signature_error(
    name: str, body: bytes, headers: dict[str, str], token: str | None, peer: str | None, now: float
) -> None:
    with pytest.raises(SignatureError) as caught:
        SCHEMES[name].verify(Presented(body, headers, token, peer), now)
    assert str(caught.value).isprintable()
