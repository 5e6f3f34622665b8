"""A process of ours that fails, for test_sentry: `python -m tests.acceptance.failing_process PART DSN JSON`.

JSON is `{"name": "what must not be seen"}`; it comes from outside, so that no source line that Sentry quotes holds it.
"""

import json
import logging
import sys
import threading
from collections.abc import Callable, Mapping

import structlog
from celery import Celery
from flask import Flask, request
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.flask import FlaskIntegration

from webhooks.sentry import start_sentry
from workflows import logs


class OutcomeNotDone(Exception):
    """Stands for the exceptions that end a task with an outcome."""


class Refused(OutcomeNotDone):
    """The vendor said no."""


def main(part: str, dsn: str, unseen: Mapping[str, str]) -> None:
    logs.configure("json", secrets=[unseen["own_secret"]])
    start_sentry(
        dsn,
        integrations=[FlaskIntegration(), CeleryIntegration(monitor_beat_tasks=False, propagate_traces=False)],
        ignore_errors=[OutcomeNotDone],
        secrets=[unseen["own_secret"]],
        environment="test",
    )
    PARTS[part](unseen)


def fail(unseen: Mapping[str, str]) -> None:
    """Fail with everything that must not be seen in the text, in the locals and in a breadcrumb."""
    in_a_local = dict(unseen)
    structlog.stdlib.get_logger("x").info(f"about to write to {unseen['email']}", api_key=unseen["key"])
    token, email, phone = in_a_local["token"], in_a_local["email"], in_a_local["phone"]
    raise RuntimeError(f"cannot post to https://u:{unseen['key']}@h/?token={token} for {email}, {phone}")


def flask_view(unseen: Mapping[str, str]) -> None:
    app = Flask(__name__)

    @app.post("/webhooks/<source>/<token>")
    def receive(source: str, token: str) -> str:
        with logs.bind(delivery_id="delivery-1"):
            fail({**unseen, "body": request.get_data(as_text=True)})
        return source + token

    answer = app.test_client().post(
        f"/webhooks/symphony/{unseen['path']}?signature={unseen['token']}",
        data=unseen["body"],
        headers={"X-Api-Key": unseen["key"], "Cookie": f"a={unseen['key']}", "X-Note": unseen["header"]},
    )
    assert answer.status_code == 500


def celery_task(unseen: Mapping[str, str]) -> None:
    app = Celery(set_as_current=False)

    @app.task(name="symphony.edit_campaign")  # type: ignore[untyped-decorator]
    def edit_campaign(effect_id: str, note: str) -> None:
        with logs.bind(effect_id=effect_id):
            fail(unseen)

    assert edit_campaign.apply(["effect-1"], {"note": unseen["header"]}).failed()


def outcome(unseen: Mapping[str, str]) -> None:
    app = Celery(set_as_current=False)

    @app.task(name="symphony.edit_campaign")  # type: ignore[untyped-decorator]
    def edit_campaign() -> None:
        raise Refused("no")

    assert edit_campaign.apply().failed()
    logging.getLogger("after").error("the end")


def log_line(unseen: Mapping[str, str]) -> None:
    try:
        with logs.bind(run_id="run-1"):
            fail(unseen)
    except RuntimeError:
        structlog.stdlib.get_logger("tasks").exception(
            "sweep failed for %s", unseen["email"], phone=unseen["phone"], own=unseen["own_secret"], run_id="run-1"
        )


def thread(unseen: Mapping[str, str]) -> None:
    failing = threading.Thread(target=fail, args=[unseen])
    failing.start()
    failing.join()


PARTS: Mapping[str, Callable[[Mapping[str, str]], None]] = {
    "flask_view": flask_view,
    "celery_task": celery_task,
    "outcome": outcome,
    "log_line": log_line,
    "thread": thread,
    "main": fail,
}

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
