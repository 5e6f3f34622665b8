"""One suite over every scheme: what it must accept, and what none may."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks import Webhook
from stripe import WebhookSignature

from webhooks.errors import SignatureError
from webhooks.signatures import (
    AllOf,
    BasicAuth,
    ClientCertificate,
    Elements,
    HeaderToken,
    Hmac,
    InnerSignature,
    Key,
    Networks,
    PathToken,
    Plain,
    Presented,
    Scheme,
    SignatureOrBodyKey,
    SignedText,
    StandardWebhooks,
)

NOW = 1735689600.0
BODY = b'{"id":"wh_15","event":"ORDER.CREATED"}'
PROXY = "10.0.0.1"


@dataclass(frozen=True)
class Proof:
    """A request as its sender makes it, and which texts in it prove something: not one bit of them may change."""

    presented: Presented
    pieces: Sequence[str]


@dataclass(frozen=True)
class Case:
    """A scheme, and a sender that knows one of its secrets.

    signs     whether the body is signed, and so must arrive as it was sent
    has_time  whether the time is signed, and so may not be far away
    has_keys  whether secrets have ids and ends
    """

    make: Callable[[Sequence[Key]], Scheme]
    prove: Callable[[bytes, int], Proof]
    signs: bool = False
    has_time: bool = False
    has_keys: bool = True
    secrets: Sequence[bytes] = field(default=(b"the secret", b"another secret"))


def in_hex(secret: bytes, signed: bytes, digest: str = "sha256") -> str:
    return hmac.new(secret, signed, digest).hexdigest()


def in_base64(secret: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


def by_path(secret: bytes, time: int) -> Proof:
    token = secret.decode("utf-8", "surrogateescape")
    return Proof(Presented(BODY, path_token=token), [token])


def by_header(secret: bytes, time: int) -> Proof:
    token = secret.decode("utf-8", "surrogateescape")
    return Proof(Presented(BODY, {"x-api-key": f"Bearer {token}"}), [token])


def by_basic(secret: bytes, time: int) -> Proof:
    pair = base64.b64encode(b"shop:" + secret).decode()
    return Proof(Presented(BODY, {"authorization": f"Basic {pair}"}), [pair])


def by_hmac(secret: bytes, time: int) -> Proof:
    proof = in_hex(secret, BODY)
    return Proof(Presented(BODY, {"x-hub-signature-256": f"sha256={proof}"}), [proof])


def by_hmac_in_base64(secret: bytes, time: int) -> Proof:
    proof = in_base64(secret, BODY)
    return Proof(Presented(BODY, {"x-signature": proof}), [proof])


def by_elements(joint: bytes) -> Callable[[bytes, int], Proof]:
    def prove(secret: bytes, time: int) -> Proof:
        proof = in_hex(secret, b"%d" % time + joint + BODY)
        return Proof(Presented(BODY, {"x-signature": f"t={time},v1={proof}"}), [str(time), proof])

    return prove


def by_two_headers(secret: bytes, time: int) -> Proof:
    proof = in_hex(secret, b"v0:%d:" % time + BODY, "sha512")
    return Proof(Presented(BODY, {"x-time": str(time), "x-signature": f"v0={proof}"}), [str(time), proof])


def by_standard_webhooks(secret: bytes, time: int) -> Proof:
    proof = in_base64(secret, b"msg_1.%d." % time + BODY)
    return Proof(standard_headers(time, f"v1,{proof}"), [str(time), proof, "msg_1"])


def by_ed25519(secret: bytes, time: int) -> Proof:
    proof = base64.b64encode(private_key(secret).sign(b"msg_1.%d." % time + BODY)).decode()
    return Proof(standard_headers(time, f"v1a,{proof}"), [str(time), proof, "msg_1"])


def standard_headers(time: int, signature: str) -> Presented:
    return Presented(BODY, {"webhook-id": "msg_1", "webhook-timestamp": str(time), "webhook-signature": signature})


def private_key(secret: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(secret).digest())


def public_keys(keys: Sequence[Key]) -> tuple[Key, ...]:
    return tuple(replace(key, value=private_key(key.value).public_key().public_bytes_raw()) for key in keys)


def by_inner_signature(secret: bytes, time: int) -> Proof:
    rest = b'{"event":"website.published","data":{"websiteId":1.50}}'
    proof = in_hex(secret, rest)
    body = rest[:-1] + b',"signature":"sha256=' + proof.encode() + b'"}'
    return Proof(Presented(body), [proof])


def by_body_key(secret: bytes, time: int) -> Proof:
    key = secret.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode()
    return Proof(Presented(json.dumps({"api_key": key}).encode()), [key])


def by_signature_before_key(secret: bytes, time: int) -> Proof:
    proof = in_base64(secret, BODY)
    return Proof(Presented(BODY, {"x-ctct-hmac-sha256": proof}), [proof])


def by_certificate(secret: bytes, time: int) -> Proof:
    subject = f"CN={secret.decode('utf-8', 'surrogateescape')}"
    return Proof(Presented(BODY, {"x-client-subject": subject}, peer=PROXY), [subject])


CTCT = Hmac(Plain("x-ctct-hmac-sha256"), (Key(b"the signing secret"),), encoding="base64")

CASES: Mapping[str, Case] = {
    "path token": Case(lambda keys: PathToken(tuple(keys)), by_path),
    "header token": Case(lambda keys: HeaderToken("X-Api-Key", tuple(keys), "Bearer "), by_header),
    "basic": Case(lambda keys: BasicAuth("shop", tuple(keys)), by_basic),
    "hmac": Case(lambda keys: Hmac(Plain("X-Hub-Signature-256", "sha256="), tuple(keys)), by_hmac, signs=True),
    "hmac in base64": Case(
        lambda keys: Hmac(Plain("X-Signature"), tuple(keys), encoding="base64"), by_hmac_in_base64, signs=True
    ),
    "hmac with the time before the body": Case(
        lambda keys: Hmac(Elements("X-Signature"), tuple(keys), SignedText("{timestamp}{body}")),
        by_elements(b""),
        signs=True,
        has_time=True,
    ),
    "hmac with a dot between time and body": Case(
        lambda keys: Hmac(Elements("X-Signature", "v1"), tuple(keys), SignedText("{timestamp}.{body}")),
        by_elements(b"."),
        signs=True,
        has_time=True,
    ),
    "hmac with the time in a header of its own": Case(
        lambda keys: Hmac(
            Plain("X-Signature", "v0=", timestamp_header="X-Time"),
            tuple(keys),
            SignedText("v0:{timestamp}:{body}"),
            digest="sha512",
        ),
        by_two_headers,
        signs=True,
        has_time=True,
    ),
    "standard webhooks": Case(
        lambda keys: StandardWebhooks(tuple(keys)), by_standard_webhooks, signs=True, has_time=True
    ),
    "standard webhooks, asymmetric": Case(
        lambda keys: StandardWebhooks((), public_keys(keys)), by_ed25519, signs=True, has_time=True
    ),
    "signature inside the body": Case(lambda keys: InnerSignature(tuple(keys), "rest"), by_inner_signature, signs=True),
    "key in the body": Case(lambda keys: SignatureOrBodyKey(CTCT, "api_key", tuple(keys)), by_body_key),
    "signature before a key in the body": Case(
        lambda keys: SignatureOrBodyKey(replace(CTCT, keys=tuple(keys)), "api_key", (Key(b"an API key"),)),
        by_signature_before_key,
        signs=True,
    ),
    "client certificate": Case(
        lambda keys: ClientCertificate(
            "X-Client-Subject",
            tuple(f"CN={key.value.decode('utf-8', 'surrogateescape')}" for key in keys),
            (ip_network("10.0.0.0/8"),),
        ),
        by_certificate,
        has_keys=False,
    ),
    "all of several": Case(
        lambda keys: AllOf(
            (Networks((ip_network("10.0.0.0/8"),)), Hmac(Plain("X-Hub-Signature-256", "sha256="), tuple(keys)))
        ),
        lambda secret, time: Proof(replace(by_hmac(secret, time).presented, peer=PROXY), by_hmac(secret, time).pieces),
        signs=True,
    ),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


def keys(*secrets: bytes) -> tuple[Key, ...]:
    return tuple(Key(secret) for secret in secrets)


def verify(scheme: Scheme, presented: Presented, now: float = NOW) -> str:
    return scheme.verify(presented, now)


def refused(scheme: Scheme, presented: Presented, now: float = NOW) -> str:
    with pytest.raises(SignatureError) as caught:
        verify(scheme, presented, now)
    return caught.value.reason


def with_one_bit_flipped(text: str, piece: str) -> Iterator[str]:
    """The text with each bit of a piece of it flipped, one at a time."""
    begin = text.index(piece)
    for at in range(begin, begin + len(piece)):
        for bit in range(7):
            yield text[:at] + chr(ord(text[at]) ^ 1 << bit) + text[at + 1 :]


def spoiled(presented: Presented, piece: str) -> Iterator[Presented]:
    """The request with each bit of a piece of it flipped, wherever the piece stands."""
    if presented.path_token is not None and piece in presented.path_token:
        for token in with_one_bit_flipped(presented.path_token, piece):
            yield replace(presented, path_token=token)
    for name, value in presented.headers.items():
        if piece in value:
            for changed in with_one_bit_flipped(value, piece):
                yield replace(presented, headers={**presented.headers, name: changed})
    if piece.encode() in presented.body:
        for changed in with_one_bit_flipped(presented.body.decode(), piece):
            yield replace(presented, body=changed.encode())


def test_the_sender_who_knows_the_secret_is_let_in(case: Case) -> None:
    assert verify(case.make(keys(b"the secret")), case.prove(b"the secret", int(NOW)).presented) == ""


def test_old_and_new_secret_are_let_in_while_they_change(case: Case) -> None:
    scheme = case.make(keys(b"old secret", b"new secret"))
    verify(scheme, case.prove(b"old secret", int(NOW)).presented)
    verify(scheme, case.prove(b"new secret", int(NOW)).presented)


@pytest.mark.parametrize("wrong", [b"another", b"the secre", b"the secrets", b"THE SECRET", b"", "señal".encode()])
def test_another_secret_is_refused(case: Case, wrong: bytes) -> None:
    assert refused(case.make(keys(b"the secret")), case.prove(wrong, int(NOW)).presented) == "wrong"


def test_one_flipped_bit_of_the_key_is_refused(case: Case) -> None:
    secret = b"the secret"
    for position in range(len(secret) * 8):
        wrong = bytearray(secret)
        wrong[position // 8] ^= 1 << position % 8
        assert refused(case.make(keys(bytes(wrong))), case.prove(secret, int(NOW)).presented) in ("wrong", "missing")


def test_one_flipped_bit_of_the_proof_is_refused(case: Case) -> None:
    scheme, proof = case.make(keys(b"the secret")), case.prove(b"the secret", int(NOW))
    for piece in proof.pieces:
        found = list(spoiled(proof.presented, piece))
        assert len(found) >= 7 * len(piece)
        for presented in found:
            assert refused(scheme, presented) in ("wrong", "malformed", "missing")


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.signs])
def test_one_flipped_bit_of_the_body_is_refused(name: str) -> None:
    scheme, presented = CASES[name].make(keys(b"the secret")), CASES[name].prove(b"the secret", int(NOW)).presented
    for position in range(len(presented.body) * 8):
        body = bytearray(presented.body)
        body[position // 8] ^= 1 << position % 8
        assert refused(scheme, replace(presented, body=bytes(body))) in ("wrong", "malformed", "missing")


def test_no_proof_at_all_is_refused(case: Case) -> None:
    assert refused(case.make(keys(b"the secret")), Presented(b"{}", peer=PROXY)) == "missing"


def test_the_secret_shows_nowhere(case: Case) -> None:
    scheme = case.make(keys(b"the secret"))
    with pytest.raises(SignatureError) as caught:
        verify(scheme, case.prove(b"wrong", int(NOW)).presented)
    told = str(caught.value)
    assert "the secret" not in told
    assert not [piece for piece in case.prove(b"the secret", int(NOW)).pieces if piece in told]
    assert len(told) < 120
    if case.has_keys:
        assert "the secret" not in repr(scheme)


def test_a_secret_that_is_not_utf_8_works(case: Case) -> None:
    scheme = case.make(keys(b"\xff\xfe key"))
    assert refused(scheme, case.prove(b"other", int(NOW)).presented) == "wrong"


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.has_keys])
def test_a_key_that_has_ended_is_refused_as_such_and_the_one_that_proves_is_named(name: str) -> None:
    old, new = Key(b"old secret", "spring", until=NOW), Key(b"new secret", "summer")
    scheme, prove = CASES[name].make([old, new]), CASES[name].prove
    assert verify(scheme, prove(b"old secret", int(NOW) - 1).presented, NOW - 1) == "spring"
    assert refused(scheme, prove(b"old secret", int(NOW)).presented) == "expired"
    assert verify(scheme, prove(b"new secret", int(NOW)).presented) == "summer"


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.has_time])
@pytest.mark.parametrize(("seconds", "is_let_in"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_a_signature_is_good_for_five_minutes_both_ways(name: str, seconds: int, is_let_in: bool) -> None:
    scheme = CASES[name].make(keys(b"the secret"))
    presented = CASES[name].prove(b"the secret", int(NOW) + seconds).presented
    if is_let_in:
        verify(scheme, presented)
    else:
        assert refused(scheme, presented) == "stale"


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.has_time])
def test_whoever_cannot_sign_learns_nothing_about_our_clock(name: str) -> None:
    scheme = CASES[name].make(keys(b"the secret"))
    assert refused(scheme, CASES[name].prove(b"guess", int(NOW) - 9999).presented) == "wrong"


STANDARD = {"webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp": "1614265330"}
TICKETTAILOR = Hmac(Elements("Tickettailor-Webhook-Signature"), keys(b"ABCD123"), SignedText("{timestamp}{body}"))
TICKETTAILOR_PROOF = "e292d17fc187e80f914205b45d548eb218d346d1c472041aaf2209cb02ac85c1"

VECTORS: Mapping[str, tuple[Scheme, Presented, float]] = {
    "Stripe": (
        Hmac(Elements("Stripe-Signature", "v1"), keys(b"whsec_example"), SignedText("{timestamp}.{body}")),
        Presented(
            BODY,
            {"stripe-signature": "t=1735689600,v1=6021ae2beb02076fe986e032f3304f02f0f595d15489d3627d2dd705c34e38c0"},
        ),
        NOW,
    ),
    "Ticket Tailor": (
        TICKETTAILOR,
        Presented(BODY, {"tickettailor-webhook-signature": f"t=1735689600,v1={TICKETTAILOR_PROOF}"}),
        NOW,
    ),
    "Shopify": (
        Hmac(Plain("X-Shopify-Hmac-Sha256"), keys(b"shop-secret"), encoding="base64"),
        Presented(
            b'{"id":1001,"email":"fan@example.com"}',
            {"x-shopify-hmac-sha256": "79d2LEpMiOzBm4c1J0rT2K6hKdp4yQr+Wjrn33mXAYQ="},
        ),
        NOW,
    ),
    "Universe with SHA-1": (
        Hmac(Plain("X-Uniiverse-Signature"), keys(b"uni-secret"), digest="sha1"),
        Presented(b'{"cost_items":[]}', {"x-uniiverse-signature": "e140b9f4162533f146c64b0f9a729c68a0e501d1"}),
        NOW,
    ),
    "Universe with SHA-256": (
        Hmac(Plain("X-Uniiverse-Signature"), keys(b"uni-secret")),
        Presented(
            b'{"cost_items":[]}',
            {"x-uniiverse-signature": "4e73e9d9962e10b7c3ae3effcd0bf948b9903c997af9daafd8988b948febbd06"},
        ),
        NOW,
    ),
    "Tito": (
        Hmac(
            Plain("X-Tito-Signature", timestamp_header="X-Tito-Timestamp"),
            keys(b"tito-secret"),
            SignedText("{timestamp}.{body}"),
        ),
        Presented(
            b'{"id":123456,"webhook_event":"order.created"}',
            {
                "x-tito-timestamp": "1770546600",
                "x-tito-signature": "e4d0afae4da50f5dfb655bd66114d0c1a2b47f0351710b71dda387a947e2e785",
            },
        ),
        1770546600,
    ),
    "Constant Contact": (
        SignatureOrBodyKey(replace(CTCT, keys=keys(b"cc-secret")), "api_key"),
        Presented(
            b'{"url":"https://api.cc.email/v3/partner/accounts/a07e1my9tbw0/plan",'
            b'"api_key":"example-key","event_type":"tier.increase"}',
            {"x-ctct-hmac-sha256": "xCSGN+t7n6t9S5BNpCyMeUC/miMVxhudkiX71pqAjdY="},
        ),
        NOW,
    ),
    "Standard Webhooks": (
        StandardWebhooks.of_keys(keys(b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")),
        Presented(
            b'{"test": 2432232314}',
            {**STANDARD, "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
        ),
        1614265330,
    ),
    "Standard Webhooks, asymmetric": (
        StandardWebhooks.of_keys(keys(b"whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=")),
        Presented(
            b'{"test": 2432232314}',
            {
                **STANDARD,
                "webhook-signature": "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8"
                "EM+m7TBAg==",
            },
        ),
        1614265330,
    ),
    "GitHub": (
        Hmac(Plain("X-Hub-Signature-256", "sha256="), keys(b"It's a Secret to Everybody")),
        Presented(
            b"Hello, World!",
            {"x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
        ),
        NOW,
    ),
}
"""What the vendors' own documents sign, or what was worked out from their words: scheme, request, time."""


@pytest.mark.parametrize("vendor", VECTORS)
def test_the_vendors_own_vector_is_let_in(vendor: str) -> None:
    scheme, presented, now = VECTORS[vendor]
    verify(scheme, presented, now)
    assert refused(scheme, replace(presented, body=presented.body + b" "), now) == "wrong"


def test_what_stripes_own_library_signs_is_let_in() -> None:
    header = WebhookSignature.generate_signature_header(BODY.decode(), "whsec_test", timestamp=int(NOW))
    scheme = Hmac(Elements("Stripe-Signature", "v1"), keys(b"whsec_test"), SignedText("{timestamp}.{body}"))
    verify(scheme, Presented(BODY, {"stripe-signature": header}))


def test_what_the_library_of_standard_webhooks_signs_is_let_in() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    signature = Webhook(secret).sign("msg_1", datetime.fromtimestamp(NOW, UTC), BODY.decode())
    scheme = StandardWebhooks.of_keys(keys(secret.encode()))
    verify(scheme, standard_headers(int(NOW), signature))


def test_of_several_signatures_one_that_matches_is_enough() -> None:
    scheme, presented, now = VECTORS["Standard Webhooks"]
    several = f"v1,bm9uZQ== v2,x {presented.headers['webhook-signature']}"
    verify(scheme, replace(presented, headers={**presented.headers, "webhook-signature": several}), now)
    several = f"t=1735689600,v1={'0' * 64},v1={TICKETTAILOR_PROOF}"
    verify(TICKETTAILOR, Presented(BODY, {"tickettailor-webhook-signature": several}))


def test_a_symmetric_signature_proves_nothing_to_a_public_key_nor_the_other_way_round() -> None:
    scheme, presented, now = VECTORS["Standard Webhooks"]
    proof = presented.headers["webhook-signature"].removeprefix("v1,")
    assert (
        refused(scheme, replace(presented, headers={**STANDARD, "webhook-signature": f"v1a,{proof}"}), now) == "wrong"
    )


def test_what_follows_the_time_is_found_by_position_or_by_name() -> None:
    header = {"tickettailor-webhook-signature": f"t=1735689600, s={TICKETTAILOR_PROOF}"}
    verify(TICKETTAILOR, Presented(BODY, header))
    by_name = replace(TICKETTAILOR, layout=Elements("Tickettailor-Webhook-Signature", "v1"))
    assert refused(by_name, Presented(BODY, header)) == "malformed"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=1735689600",
        TICKETTAILOR_PROOF,
        f"v1={TICKETTAILOR_PROOF},t=1735689600",
        f"t=,v1={TICKETTAILOR_PROOF}",
        f"t=-1735689600,v1={TICKETTAILOR_PROOF}",
        f"t=1_735_689_600,v1={TICKETTAILOR_PROOF}",
        f"t=١٧٣٥٦٨٩٦٠٠,v1={TICKETTAILOR_PROOF}",
        f"t={'1' * 5000},v1={TICKETTAILOR_PROOF}",
        f"T=1735689600,v1={TICKETTAILOR_PROOF}",
    ],
)
def test_a_malformed_header_is_refused(header: str) -> None:
    assert refused(TICKETTAILOR, Presented(BODY, {"tickettailor-webhook-signature": header})) == "malformed"


@pytest.mark.parametrize(
    ("form", "signed"),
    [
        ("rest", b'{"event": "x", "timestamp": "2026-03-01T14:23:45Z", "data": {"a": 1.50}}'),
        ("data", b'{"a": 1.50}'),
        ("timestamp.data", b'2026-03-01T14:23:45Z.{"a": 1.50}'),
    ],
)
def test_what_a_signature_inside_the_body_signs_is_cut_out_of_it_as_it_came(form: str, signed: bytes) -> None:
    rest = b'"event": "x", "timestamp": "2026-03-01T14:23:45Z", "data": {"a": 1.50}'
    own = b'"signature": "sha256=' + in_hex(b"the secret", signed).encode() + b'"'
    scheme = InnerSignature(keys(b"the secret"), form)
    verify(scheme, Presented(b"{" + rest + b", " + own + b"}"))
    verify(scheme, Presented(b"{" + own + b", " + rest + b"}"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"\xff",
        b"[" * 100_000,
        b'{"signature": 5}',
        b'{"a": 1, "a": 2, "signature": "sha256=0"}',
    ],
)
def test_a_body_that_has_no_signature_to_look_at_is_refused(body: bytes) -> None:
    assert refused(InnerSignature(keys(b"the secret"), "rest"), Presented(body)) == "malformed"


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "is_let_in"),
    [
        ("203.0.113.7", None, 0, True),
        ("::ffff:203.0.113.7", None, 0, True),
        ("203.0.114.7", None, 0, False),
        (None, None, 0, False),
        ("203.0.113.7", "198.51.100.1", 1, False),
        ("10.0.0.1", "203.0.113.7", 1, True),
        ("10.0.0.1", "203.0.113.7:4711", 1, True),
        ("10.0.0.1", "[2001:db8::7]:4711", 1, True),
        ("10.0.0.1", "203.0.113.7, 198.51.100.1", 1, False),
        ("10.0.0.1", "203.0.113.7, 10.0.0.2", 2, True),
        ("10.0.0.1", "198.51.100.1, 203.0.113.7, 10.0.0.2", 2, True),
        ("10.0.0.1", "203.0.113.7", 2, False),
        ("10.0.0.1", "", 1, False),
        ("10.0.0.1", "unknown", 1, False),
        ("10.0.0.1", None, 1, False),
    ],
)
def test_a_sender_is_known_by_its_address_also_behind_proxies(
    peer: str | None, forwarded: str | None, proxies: int, is_let_in: bool
) -> None:
    scheme = Networks((ip_network("203.0.113.0/24"), ip_network("2001:db8::/32")), proxies)
    headers = {} if forwarded is None else {"x-forwarded-for": forwarded}
    if is_let_in:
        verify(scheme, Presented(BODY, headers, peer=peer))
    else:
        refused(scheme, Presented(BODY, headers, peer=peer))


def test_a_subject_is_believed_of_our_proxies_only() -> None:
    scheme = CASES["client certificate"].make(keys(b"hooks"))
    verify(scheme, Presented(BODY, {"x-client-subject": "CN=hooks"}, peer=PROXY))
    assert refused(scheme, Presented(BODY, {"x-client-subject": "CN=hooks"}, peer="203.0.113.7")) == "wrong"
    assert refused(scheme, Presented(BODY, {"x-client-subject": "CN=hooks"})) == "wrong"


def test_a_signature_that_is_there_decides_whatever_key_is_in_the_body() -> None:
    scheme = SignatureOrBodyKey(CTCT, "api_key", keys(b"an API key"))
    body = b'{"api_key": "an API key"}'
    verify(scheme, Presented(body))
    assert refused(scheme, Presented(body, {"x-ctct-hmac-sha256": "bm9uZQ=="})) == "wrong"
    assert refused(replace(scheme, keys=()), Presented(body)) == "missing"
