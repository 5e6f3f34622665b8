"""The short cut past Flask answers as Flask would."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.unit.webhooks.payloads import BOX_OFFICE_KEY, CONFIGURED, SYMPHONY_TOKEN, campaign_event, encoded
from webhooks.app import create_app
from webhooks.services import open_services
from workflows.ledger import schema
from workflows.settings import Settings


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    settings = Settings(
        data_dir=tmp_path,
        config_dir=tmp_path,
        database_url=f"sqlite:///{tmp_path}/ledger.db",
        broker_url="memory://",
        log_format="json",
        sources=CONFIGURED,
    )
    services = open_services(settings)
    schema.upgrade(services.database)
    yield create_app(services)
    services.close()


@pytest.fixture
def short(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def long(app: Flask) -> FlaskClient:
    """A client of the same application without what stands in front of Flask."""
    plain = create_app(app.extensions["stagedoor"])
    plain.wsgi_app = Flask.wsgi_app.__get__(plain)  # type: ignore[method-assign]
    return plain.test_client()


@pytest.mark.parametrize("method", ["POST", "GET", "HEAD", "OPTIONS", "PUT"])
@pytest.mark.parametrize(
    "path",
    [
        f"/webhooks/symphony/{SYMPHONY_TOKEN}",
        "/webhooks/symphony/guess",
        "/webhooks/symphony",
        "/webhooks/symphony/",
        "/webhooks/symphony/a/b",
        "/webhooks/box-office",
        "/webhooks/nobody",
        "/webhooks/",
        "/webhooks//",
        "/webhooks//symphony",
        "/webhooks/%D0%BA%D0%BB/%D1%8E%D1%87",
        "/webhooks/symphony/%ff",
        "/webhooks/symphony/a%2Fb",
        "/webhooks/symphony/%00",
        "/webhooks",
        "/live",
    ],
)
def test_both_ways_answer_alike(short: FlaskClient, long: FlaskClient, method: str, path: str) -> None:
    body = encoded(campaign_event())
    headers = {"X-Api-Key": BOX_OFFICE_KEY}
    first = short.open(path, method=method, data=body, headers=headers)
    second = long.open(path, method=method, data=body, headers=headers)
    # What the first has stored, the second repeats.
    assert second.status_code == (200 if first.status_code == 202 else first.status_code)
    assert first.data == second.data
    assert dict(first.headers) == dict(second.headers)
