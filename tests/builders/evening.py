"""A ledger after a busy evening: a little of everything an operator may meet, for the pages and their pictures."""

from __future__ import annotations

import json

from tests.builders.rows import NOW, Rows, ago, ahead, request

ORDER = {
    "id": "ord_88123",
    "customer": {"email": "jane.doe@example.com", "phone": "+15557654321", "first_name": "Jane", "last_name": "Doe"},
    "items": [{"name": "General admission", "quantity": 2, "total": 80.0}],
    "marketing_opt_ins": {"email": True, "sms": None},
}
CONTACT = {
    "contact": {"email": "jane.doe@example.com", "first_name": "Jane"},
    "opt_ins": {"email": True, "sms": None},
}

HELD = "waits for symphony.campaign.completed about symphony:campaign:5017. Symphony takes edits only then."


def busy_evening(rows: Rows) -> dict[str, str]:
    """Fill the ledger; the ids of what a test may want to look at, by name."""
    raised, doubt, timer = _raised(rows), _in_doubt(rows), _timer(rows)
    retry = _retrying(rows)
    stopped = _stopped(rows)
    bought = _bought(rows)
    rejected = _rejected(rows)
    held_run, held = _held(rows)
    rows.refusal("wrong signature", 3, ago(minutes=2), source="tickettailor")
    rows.refusal("wrong token", 41, ago(hours=3), source="symphony")
    return {
        "raised": raised,
        "doubt": doubt,
        "timer": timer,
        "retry": retry,
        "stopped": stopped,
        "bought": bought,
        "rejected": rejected,
        "held_run": held_run,
        "held": held,
    }


def _held(rows: Rows) -> tuple[str, str]:
    began = ago(minutes=4, seconds=12)
    event = rows.event(began)
    run = rows.run(
        began,
        event_id=event,
        workflow="raise-budget-early",
        steps=("details", "good_enough", "target", "raise", "tell_team"),
    )
    rows.step(
        run, "details", at=began, ended_at=ago(minutes=4, seconds=3), output={"budget": "40.00 USD", "ctr": "1.8%"}
    )
    read = rows.effect(
        run,
        "done",
        began,
        step="details",
        operation="symphony.get_campaign",
        request=request("GET", "/v1/campaign/5017"),
        repeat="safe",
        attempts=2,
        status=200,
        ended_at=ago(minutes=4, seconds=3),
        output={"id": 5017, "status": "processing", "budget": {"value": 40, "currency": "USD"}},
    )
    rows.attempt(read, 1, ago(minutes=4, seconds=11), "retry", status=429, reason="429 Too Many Requests")
    rows.attempt(read, 2, ago(minutes=4, seconds=4), "done", status=200)
    rows.step(run, "good_enough", at=ago(minutes=4, seconds=3), reason="1.8% >= 1.2% is true")
    rows.step(run, "target", at=ago(minutes=4, seconds=3), output={"amount": "44.00 USD"})
    rows.step(run, "raise", "calling", ago(minutes=4, seconds=3))
    held = rows.held(run, ago(minutes=4, seconds=3), due_at=ahead(seconds=48), reason=HELD)
    return run, held


def _raised(rows: Rows) -> str:
    began = ago(minutes=31)
    event = rows.event(began, type="symphony.campaign.completed", subject="symphony:campaign:4990")
    run = rows.run(
        began,
        event_id=event,
        workflow="raise-budget-after-completion",
        key="4990",
        steps=("stats", "raise"),
        state="done",
        ended_at=ago(minutes=30, seconds=56),
    )
    rows.step(run, "stats", at=began, ended_at=ago(minutes=30, seconds=58), output={"ctr": "2.1%"})
    rows.step(run, "raise", at=ago(minutes=30, seconds=58), ended_at=ago(minutes=30, seconds=56))
    effect = rows.effect(
        run,
        "done",
        ago(minutes=30, seconds=58),
        attempts=1,
        status=200,
        ended_at=ago(minutes=30, seconds=56),
        reason="200 OK",
        output={"ok": True},
    )
    rows.attempt(effect, 1, ago(minutes=30, seconds=57), "done", status=200)
    return run


def _in_doubt(rows: Rows) -> str:
    began = ago(minutes=12)
    event = rows.event(began, type="order.placed", subject="order:box-office:ord_88120", source="box-office")
    run = rows.run(began, event_id=event, workflow="promote-new-show", key="show-2214", steps=("create", "pause"))
    rows.step(run, "create", "calling", began)
    effect = rows.effect(
        run,
        "in_doubt",
        began,
        step="create",
        operation="symphony.create_campaign",
        request=request(
            "POST", "/v1/campaign", json.dumps({"type": "link_clicks", "name": "Late show", "budget": 120})
        ),
        attempts=1,
        reason="the connection was closed after the request had been sent",
    )
    rows.attempt(
        effect,
        1,
        ago(minutes=11, seconds=59),
        "in_doubt",
        reason="the connection was closed after the request had been sent",
    )
    return effect


def _timer(rows: Rows) -> str:
    began = ago(hours=2)
    event = rows.event(began, type="symphony.campaign.completed", subject="symphony:campaign:4981")
    run = rows.run(
        began, event_id=event, workflow="pause-location-overnight", key="4981", steps=("pause", "morning", "resume")
    )
    rows.step(run, "pause", at=began, ended_at=ago(hours=1, minutes=59))
    rows.step(run, "morning", "waiting", ago(hours=1, minutes=59))
    rows.wait(run, NOW.replace(day=2, hour=9, minute=0), ago(hours=1, minutes=59))
    return run


def _retrying(rows: Rows) -> str:
    began = ago(minutes=3)
    event = rows.event(began, type="order.placed", subject="order:box-office:ord_88121", source="box-office")
    run = rows.run(began, event_id=event, workflow="welcome-buyer", key="ord_88121", steps=("opt_in",))
    rows.step(run, "opt_in", "calling", began)
    effect = rows.effect(
        run,
        "intended",
        began,
        step="opt_in",
        operation="cymbal.create_contact",
        vendor="cymbal",
        request=request("POST", "/contacts", json.dumps(CONTACT)),
        attempts=2,
        status=429,
        reason="Cymbal asks for patience",
        due_at=ahead(seconds=95),
    )
    rows.attempt(effect, 1, ago(minutes=2, seconds=59), "retry", status=429, reason="Cymbal asks for patience")
    rows.attempt(effect, 2, ago(minutes=1, seconds=20), "retry", status=429, reason="Cymbal asks for patience")
    return effect


def _stopped(rows: Rows) -> str:
    began = ago(minutes=50)
    event = rows.event(began, type="symphony.campaign.completed", subject="symphony:campaign:4977")
    reason = "0.9% >= 1.2% is false"
    ended = {"state": "stopped", "at_step": "good_enough", "reason": reason, "ended_at": ago(minutes=49, seconds=59)}
    run = rows.run(
        began,
        event_id=event,
        workflow="raise-budget-after-completion",
        key="4977",
        steps=("good_enough", "raise"),
        **ended,
    )
    rows.step(run, "good_enough", "stopped", began, reason=reason)
    return run


def _bought(rows: Rows) -> str:
    began = ago(seconds=40)
    delivery = rows.delivery(
        began,
        source="box-office",
        headers={"content-type": "application/json", "x-api-key": "box-key-1", "user-agent": "BoxOffice/3.1"},
        body=json.dumps(ORDER).encode(),
    )
    event = rows.event(
        began, delivery_id=delivery, type="order.placed", subject="order:box-office:ord_88123", source="box-office"
    )
    ended = {"state": "done", "ended_at": ago(seconds=39)}
    run = rows.run(began, event_id=event, workflow="welcome-buyer", key="ord_88123", steps=("opt_in",), **ended)
    rows.step(run, "opt_in", at=began, ended_at=ago(seconds=39))
    effect = rows.effect(
        run,
        "done",
        began,
        step="opt_in",
        operation="cymbal.create_contact",
        vendor="cymbal",
        request=request("POST", "/contacts", json.dumps(CONTACT)),
        attempts=1,
        status=201,
        reason="201 Created",
        ended_at=ago(seconds=39),
    )
    rows.attempt(effect, 1, began, "done", status=201)
    return delivery


def _rejected(rows: Rows) -> str:
    problems = [
        {"code": "missing", "path": "$.buyer_details.email", "message": "is required", "hint": ""},
        {
            "code": "invalid",
            "path": "$.line_items[0].quantity",
            "message": "must be a whole number",
            "hint": "such as 2",
        },
    ]
    return rows.delivery(
        ago(minutes=8),
        source="tickettailor",
        state="rejected",
        problems=problems,
        taken_at=None,
        headers={"content-type": "application/json", "tickettailor-webhook-signature": "***"},
        body=b'{"id": "or_737352", "line_items": [{"quantity": "two"}], "note": "<script>alert(1)</script>"}',
    )
