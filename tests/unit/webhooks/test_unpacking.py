"""A packed body is read as what it was before, and a small one never becomes a large one."""

import gzip
import time
import tracemalloc

import brotli
import pytest

from webhooks.errors import PayloadError
from webhooks.unpacking import unpack

BODY = b'{"event": "campaign.completed", "id": 5017}'
MIB = 1 << 20


def refusal(body: bytes, encoding: str, most_bytes: int = MIB) -> tuple[str, str]:
    with pytest.raises(PayloadError) as caught:
        unpack(body, encoding, most_bytes)
    (problem,) = caught.value.problems
    return problem.code, problem.message


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        (BODY, ""),
        (BODY, "identity"),
        (gzip.compress(BODY), "gzip"),
        (gzip.compress(BODY), " GZIP "),
        (gzip.compress(BODY[:10]) + gzip.compress(BODY[10:]), "gzip"),
        (brotli.compress(BODY), "br"),
    ],
)
def test_it_is_what_it_was(packed: bytes, encoding: str) -> None:
    assert unpack(packed, encoding, MIB) == BODY


@pytest.mark.parametrize("encoding", ["deflate", "zstd", "gzip, br", "x-gzip", "\xff", "compress"])
def test_what_is_packed_otherwise_is_refused(encoding: str) -> None:
    code, message = refusal(BODY, encoding)
    assert (code, message) == ("unreadable", "is packed in a way that is not read here; gzip and br are")


@pytest.mark.parametrize("encoding", ["gzip", "br"])
@pytest.mark.parametrize(
    "body", [BODY, b"\x00\x01", b"\x1f\x8b\x08", gzip.compress(BODY)[:-6], brotli.compress(BODY)[:-3]]
)
def test_what_is_not_packed_as_it_says_is_refused(body: bytes, encoding: str) -> None:
    assert refusal(body, encoding)[0] == "unreadable"


def test_gzip_of_no_end_of_members_is_refused_before_it_takes_long() -> None:
    assert unpack(gzip.compress(b"") * 15 + gzip.compress(BODY), "gzip", MIB) == BODY
    begun = time.perf_counter()
    found = refusal(gzip.compress(b"") * (4 * MIB // 20), "gzip")
    assert found == ("unreadable", "is gzip of more than 16 members")
    assert time.perf_counter() - begun < 1, "it took 48 s when each was unpacked"


@pytest.mark.parametrize("rubbish", [b"\x00", b"rubbish"])
def test_rubbish_behind_gzip_is_refused(rubbish: bytes) -> None:
    assert refusal(gzip.compress(BODY) + rubbish, "gzip")[0] == "unreadable"


@pytest.mark.parametrize(
    ("bomb", "encoding"),
    [
        (gzip.compress(bytes(64 * MIB), 9), "gzip"),
        (gzip.compress(bytes(MIB)) * 64, "gzip"),
        (brotli.compress(bytes(64 * MIB)), "br"),
    ],
    ids=["gzip", "gzip of many members", "br"],
)
def test_a_bomb_is_refused_before_it_goes_off(bomb: bytes, encoding: str) -> None:
    tracemalloc.start()
    code, message = refusal(bomb, encoding)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (code, message) == ("too_large", f"unpacks to more than {MIB} bytes")
    assert peak < 4 * MIB


@pytest.mark.parametrize("encoding", ["", "gzip", "br"])
def test_as_much_as_is_allowed_is_unpacked(encoding: str) -> None:
    packed = {"": bytes(MIB), "gzip": gzip.compress(bytes(MIB)), "br": brotli.compress(bytes(MIB))}[encoding]
    assert unpack(packed, encoding, MIB) == bytes(MIB)
