"""Nothing secret or personal is in any log of any process, at any level.

Whatever comes to the door, wherever it stands in it, and whatever becomes of it up to the vendor's answer.
"""

import gzip
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.acceptance.conftest import MakeStack
from tests.acceptance.stack import ANN_TOKEN, BOX_OFFICE_KEY, ROOT, SYMPHONY_TOKEN, Stack
from tests.acceptance.stand_ins import CYMBAL_KEY, SYMPHONY_KEY
from tests.acceptance.test_door import KEY, SECRET, TOKEN, Door, signed
from tests.unit.webhooks.payloads import box_office_order, campaign_event, encoded, ticket_event, ticket_order
from workflows.ledger import tables

PERSONAL = {
    "email": "wilhelmina.quux@example.org",
    "phone": "+4915550107734",
    "first_name": "Wilhelmina",
    "last_name": "Quuxington",
}
PLANTED = "planted-secret-5f2d9c"
"""Whatever a sender may put where no secret of ours belongs, and would not want to see again."""
LIBRARIES = (
    *("sqlalchemy", "sqlalchemy.engine", "werkzeug", "flask", "urllib3", "granian", "kombu", "amqp", "redis"),
    *("celery", "celery.app.trace", "celery.worker.strategy"),
)
EVERYTHING_LOUD = f"""\
import logging, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, force=True)
from {{module}} import app
for name in ("", *{LIBRARIES}):
    logging.getLogger(name or None).setLevel(logging.DEBUG)
"""
WELCOME = """\
description: Tell Cymbal of everybody who bought a ticket, under the name of the buyer.
when: {event: order.placed}
run: {key: "default(event.data.buyer.email, '')"}
steps:
  - id: note
    set: {greeting: "=default(event.data.buyer.first_name, '')"}
  - id: welcome
    call: cymbal.create_contact
    with:
      contact:
        email: =event.data.buyer.email
        phone: =event.data.buyer.phone
        first_name: =event.data.buyer.first_name
        last_name: =event.data.buyer.last_name
      opt_ins: {email: true, sms: true}
"""


class LoudDoor(Door):
    """A door that logs whatever any library has to say."""

    def _command(self) -> str:
        (self.folder / "loud.py").write_text(EVERYTHING_LOUD.format(module="webhooks.rsgi"))
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
    assert_silent(written, (TOKEN, SECRET, KEY, PLANTED, *PERSONAL.values()))


def assert_silent(written: str, unspeakable: Iterable[str]) -> None:
    for item in unspeakable:
        lines = [line for line in written.splitlines() if item in line]
        assert not lines, f"{item!r} is in {lines[0][:300]}"


PROCESSES = {"web": "webhooks.rsgi", "intake": "tasks.worker", "worker": "tasks.worker"}
SECRETS = (SYMPHONY_TOKEN, BOX_OFFICE_KEY, SYMPHONY_KEY, CYMBAL_KEY, ANN_TOKEN)


@pytest.fixture
def loud_stack(make_stack: MakeStack, tmp_path: Path) -> Stack:
    """A system whose every process logs whatever any library has to say."""
    stack = make_stack("sqlite", {"welcome": WELCOME})
    for name, module in PROCESSES.items():
        (tmp_path / f"loud_{name}.py").write_text(EVERYTHING_LOUD.format(module=module))
        service = stack[name]
        paths = [str(tmp_path), str(ROOT), service._environment.get("PYTHONPATH", "")]
        service._environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        loud = service._command.replace("webhooks.rsgi:app", f"--log-level debug loud_{name}:app")
        service._command = loud.replace("-A tasks.worker", f"-A loud_{name}").replace("INFO", "DEBUG")
    stack.start()
    return stack


def test_nothing_secret_or_personal_is_logged_on_the_way_to_a_vendor(loud_stack: Stack) -> None:
    """One buyer of whom the vendor is told, one whose call it leaves unanswered, one of whom it cannot be told."""
    digits = PERSONAL["phone"].strip("+")
    headers = {"X-Api-Key": BOX_OFFICE_KEY}

    def buys(number: int, **changes: str) -> None:
        body = encoded({"orders": [box_office_order(id=f"o-{number}", customer={**PERSONAL, **changes})]})
        answer = requests.post(f"{loud_stack.url}/webhooks/box-office", data=body, headers=headers, timeout=30)
        assert answer.status_code == 202

    buys(1)
    (told,) = loud_stack.sandbox.wait_for("cymbal.create_contact")
    assert PERSONAL["email"] in str(told), "somebody was called about the person"
    loud_stack.sandbox.fault("cymbal.create_contact", "drop_after")
    buys(2)
    buys(3, phone=digits)
    news = encoded(campaign_event(owner=PERSONAL))
    requests.post(f"{loud_stack.url}/webhooks/symphony/{SYMPHONY_TOKEN}", data=news, timeout=30).raise_for_status()
    loud_stack.await_settled(4)
    assert sorted(row.state for row in loud_stack.rows(tables.runs)) == ["done", "failed", "running"]
    assert [row.state for row in loud_stack.effects()] == ["done", "in_doubt"]

    for name in PROCESSES:
        loud_stack[name].stop()
        written = loud_stack[name].written()
        assert '"level": "debug"' in written, f"the libraries of {name} were loud"
        assert '"logger": "sqlalchemy' in written
        assert_silent(written, (*SECRETS, digits, *PERSONAL.values()))
    assert '"logger": "celery.app.trace"' in "".join(loud_stack[name].written() for name in ("intake", "worker"))
