"""Whether anything at all makes the door's parsing or verification fail, or grow.

    python benchmarks/fuzz_door.py [--minutes 10] [--seed N]

Requests near what vendors send, and far from it, are given to every source's scheme and examination, as the door does
between reading a body and storing it: bodies cut, spliced, repeated, packed and garbled, headers and tokens likewise;
Hypothesis makes them, and shortens what fails. All are then tried once more in a process that does nothing else, since
Hypothesis keeps some of what it has made. Prints how many were tried, how they ended and how many blocks of memory that
process held at the beginning and at the end; exit 1 where anything but SignatureError was raised, or where that number
grew.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import hashlib
import hmac
import json
import multiprocessing
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import brotli  # noqa: E402
from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from tests.unit.webhooks.payloads import SOURCES, box_office_order, campaign_event, ticket_event  # noqa: E402
from webhooks.errors import SignatureError  # noqa: E402
from webhooks.examination import examine  # noqa: E402
from webhooks.signatures import Presented  # noqa: E402
from workflows.ledger.arrivals import Arrival  # noqa: E402

BATCH = 250
MOST_GROWTH = 5_000
"""Blocks held more at the end than after the first batches; caches of a fixed size fill up early."""
WARM_BATCHES = 3

FITTING: tuple[bytes, ...] = tuple(
    json.dumps(value).encode()
    for value in (campaign_event(), ticket_event(), ticket_event("ORDER.UPDATED"), {"orders": [box_office_order()]})
)
HEADERS = (
    *("tickettailor-webhook-signature", "x-api-key", "authorization", "content-encoding", "content-type", "webhook-id"),
    *("webhook-timestamp", "webhook-signature", "x-hub-signature-256", "x-shopify-hmac-sha256", "stripe-signature"),
)
WORDS = st.sampled_from(
    [
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b",",
        b":",
        b"null",
        b"NaN",
        b"1e999",
        b"-0",
        b"\\ud800",
        b"\xff",
        b"\x00",
        b"9" * 400,
    ]
)

values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30)),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=12), inner, max_size=5)),
    max_leaves=30,
)


@st.composite
def bodies(draw: Any) -> bytes:
    """A body that fits, with something done to it; or one that never did."""
    body = draw(st.sampled_from(FITTING))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(body)))
        match draw(st.integers(0, 5)):
            case 0:
                body = body[:at]
            case 1:
                body = body[:at] + draw(WORDS) * draw(st.integers(1, 70)) + body[at:]
            case 2:
                body = body[:at] + body[: draw(st.integers(0, len(body)))] + body[at:]
            case 3:
                body = json.dumps(draw(values), allow_nan=True).encode("utf-8", "surrogatepass")
            case 4:
                body = draw(st.binary(max_size=200))
            case 5:
                body = _replaced(body, draw(values), draw(st.randoms(use_true_random=False)))
        body = body[: 1 << 16]
    return body


def _replaced(body: bytes, value: Any, chance: random.Random) -> bytes:
    """The body with one value in its place taken by another."""
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError):
        return body
    here = whole
    while isinstance(here, (dict, list)) and here:
        key: Any = chance.choice(list(here) if isinstance(here, dict) else range(len(here)))
        if chance.random() < 0.4 or not isinstance(here[key], (dict, list)):
            here[key] = value
            break
        here = here[key]
    return json.dumps(whole).encode("utf-8", "surrogatepass")


Request = tuple[str, Presented]


@st.composite
def presented(draw: Any) -> Request:
    """A request to some source."""
    name = draw(st.sampled_from(sorted(SOURCES)))
    body = draw(bodies())
    headers: dict[str, str] = draw(st.dictionaries(st.sampled_from(HEADERS), st.text(max_size=200), max_size=4))
    packing = draw(st.sampled_from(["", "", "", "gzip", "br", "garbled"]))
    if packing == "gzip":
        body = gzip.compress(body, 1)
    elif packing == "br":
        body = brotli.compress(body, quality=1)
    if packing:
        headers["content-encoding"] = draw(st.sampled_from(["gzip", "br"])) if packing == "garbled" else packing
    if draw(st.booleans()):
        now = str(int(time.time()))
        signature = hmac.new(b"ABCD123", now.encode() + body, hashlib.sha256).hexdigest()
        headers |= {"tickettailor-webhook-signature": f"t={now},v1={signature}", "x-api-key": "box-office-key"}
    token = draw(st.one_of(st.none(), st.text(max_size=60), st.just("a-token-nobody-guesses")))
    return name, Presented(body, headers, token, draw(st.sampled_from([None, "127.0.0.1", "::1", "nonsense"])))


def try_one(request: Request, ends: Counter[str]) -> None:
    """What the door does with a request: verify it, and examine it; also what is not authentic, which it would not."""
    name, shown = request
    source = SOURCES[name]
    assert source.scheme is not None
    try:
        source.scheme.verify(shown, time.time())
        ends["authentic"] += 1
    except SignatureError as error:
        ends[f"signature {error.reason}"] += 1
    found = examine(source, shown)
    ends[found.state if isinstance(found, Arrival) else "greeted"] += 1


def hold(asked: Connection) -> None:
    """Try every batch that comes, and answer how many blocks of memory are held after it."""
    while batch := asked.recv():
        for request in batch:
            try_one(request, Counter())
        del batch, request
        gc.collect()
        asked.send(sys.getallocatedblocks())


@contextmanager
def another_process() -> Iterator[Connection]:
    """One that does nothing but `hold`."""
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=hold, args=(theirs,))
    process.start()
    try:
        yield ours
    finally:
        ours.send([])
        process.join()


def tried(number: int, ends: Counter[str]) -> list[Request]:
    """A batch of requests, made anew and tried."""
    requests: list[Request] = []

    @seed(number)
    @settings(
        max_examples=BATCH,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(presented())
    def batch(request: Request) -> None:
        try_one(request, ends)
        requests.append(request)

    batch()
    return requests


def fuzz(minutes: float, begin: int) -> tuple[Counter[str], list[int]]:
    """Batches until the time is over: how requests ended, and what was held after each batch."""
    end = time.monotonic() + minutes * 60
    ends: Counter[str] = Counter()
    held: list[int] = []
    with another_process() as holding:
        while time.monotonic() < end:
            holding.send(tried(begin + len(held), ends))
            held.append(holding.recv())
    return ends, held


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    ends, held = fuzz(asked.minutes, asked.seed)
    warm = held[min(WARM_BATCHES, len(held) - 1)]
    growth = held[-1] - warm
    print(f"{len(held) * BATCH:,} requests in {asked.minutes:g} min, no exception but SignatureError")
    for name, number in ends.most_common():
        print(f"  {number:>9,} {name}")
    print(f"held {warm:,} blocks after {WARM_BATCHES + 1} batches, {held[-1]:,} at the end: {growth:+,}")
    print(f"largest {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss:,} KB")
    sys.exit(1 if growth > MOST_GROWTH else 0)


if __name__ == "__main__":
    main()
