"""Nothing secret or personal is in any log, at any level, whatever comes to the door and wherever it stands in it."""

import gzip
import os
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests

from tests.acceptance.test_door import KEY, SECRET, TOKEN, Door, signed
from tests.unit.webhooks.payloads import box_office_order, campaign_event, encoded, ticket_event, ticket_order

PERSONAL = {
    "email": "wilhelmina.quux@example.org",
    "phone": "+4915550107734",
    "first_name": "Wilhelmina",
    "last_name": "Quuxington",
}
PLANTED = "planted-secret-5f2d9c"
"""Whatever a sender may put where no secret of ours belongs, and would not want to see again."""
EVERYTHING_LOUD = """\
import logging, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, force=True)
for name in ("sqlalchemy", "sqlalchemy.engine", "werkzeug", "flask", "celery", "kombu", "amqp", "urllib3", "granian"):
    logging.getLogger(name).setLevel(logging.DEBUG)
from webhooks.rsgi import app
logging.getLogger().setLevel(logging.DEBUG)
"""


class LoudDoor(Door):
    """A door that logs whatever any library has to say."""

    def _command(self) -> str:
        (self.folder / "loud.py").write_text(EVERYTHING_LOUD)
        return super()._command().replace("webhooks.rsgi:app", "--log-level debug loud:app")


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoudDoor]:
    door = LoudDoor(tmp_path_factory.mktemp("silence"))
    door.web._environment["PYTHONPATH"] += f"{os.pathsep}{door.folder}"
    door.web.start()
    try:
        door.web.await_ready()
        yield door
    finally:
        door.web.end()
        door.database.close()


def buyer_order() -> dict[str, Any]:
    return ticket_event(id="wh_1", payload=ticket_order(buyer_details={**PERSONAL, "name": "Wilhelmina Quuxington"}))


def everything() -> Iterator[tuple[str, bytes, Mapping[str, str]]]:
    """Requests with secrets and personal data in path, query, headers and body; some fit, some do not."""
    order = encoded(buyer_order())
    proof = signed(order)
    yield "/webhooks/tickettailor", order, proof
    yield "/webhooks/tickettailor", order, proof  # again
    yield f"/webhooks/tickettailor?email={PERSONAL['email']}&token={PLANTED}", order, proof
    yield f"/webhooks/tickettailor/{PLANTED}", order, signed(order, PLANTED)
    yield "/webhooks/tickettailor", order, {"Authorization": f"Bearer {PLANTED}", "Cookie": f"s={PLANTED}"}
    packed = gzip.compress(order)
    yield "/webhooks/tickettailor", packed, {**signed(packed), "Content-Encoding": "gzip"}
    for broken in (order[:-5], b"\xff" + order, order.replace(b'"value": 1500', b'"value": "Quuxington"')):
        yield "/webhooks/tickettailor", broken, signed(broken)
    customer = {**PERSONAL, "email": [PERSONAL["email"]]}
    for orders in ([box_office_order(customer=dict(PERSONAL))], [box_office_order(customer=customer)]):
        yield "/webhooks/box-office", encoded({"orders": orders}), {"X-Api-Key": KEY, "X-Note": PERSONAL["email"]}
    yield "/webhooks/box-office", encoded({"orders": []}), {"X-Api-Key": PLANTED}
    yield f"/webhooks/symphony/{TOKEN}", encoded(campaign_event(owner=PERSONAL)), {"User-Agent": PERSONAL["email"]}
    yield f"/webhooks/symphony/{TOKEN}", encoded(campaign_event(id=None, owner=PERSONAL["email"])), {}
    yield f"/webhooks/symphony/{TOKEN}{PLANTED}", b"{}", {}
    yield f"/webhooks/{PERSONAL['email']}", b"{}", {}
    yield f"/{PLANTED}/{PERSONAL['phone']}", b"{}", {}
    yield f"/webhooks/symphony/{TOKEN}", b"x" * (2 << 20), {}
    yield f"/webhooks/symphony/{TOKEN}", b"{}", {f"X-{number}": PLANTED * 100 for number in range(40)}


def test_nothing_secret_or_personal_is_logged_at_any_level(door: LoudDoor) -> None:
    statuses = set()
    for path, body, headers in everything():
        answer = requests.post(door.url + path, data=body, headers=headers, timeout=30)
        statuses.add(answer.status_code)
        told = answer.text
        assert not [item for item in (TOKEN, SECRET, KEY, *PERSONAL.values()) if item in told], path
    assert {200, 202, 400, 401, 404, 413, 422, 431} <= statuses
    for page in ("/", "/rejected", f"/?q={PLANTED}", f"/runs/{PERSONAL['email']}", "/ready", "/openapi.json"):
        requests.get(door.url + page, headers={"Authorization": f"Bearer {PLANTED}"}, timeout=30)
    door.web.stop()
    written = door.web.log.read_text(errors="replace")
    assert '"event": "request"' in written
    assert '"level": "debug"' in written, "the libraries were loud"
    for unspeakable in (TOKEN, SECRET, KEY, PLANTED, *PERSONAL.values()):
        lines = [line for line in written.splitlines() if unspeakable in line]
        assert not lines, f"{unspeakable!r} is in {lines[0][:300]}"
