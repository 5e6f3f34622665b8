"""What `send` makes is what our own door takes for authentic and well-formed."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.cli.letters import SENDERS, letter
from tasks.cli.send import put
from tests.builders.settings import make_settings
from webhooks.errors import SignatureError
from webhooks.signatures import Presented
from webhooks.sources import Content, build_sources
from workflows.errors import ConfigurationError
from workflows.settings import Settings

SOURCES = {
    "symphony": {"preset": "symphony", "token": "secret-token", "brand": "main"},
    "tickettailor": {"preset": "tickettailor", "secrets": ["secret-of-tt"], "brand": "main"},
    "box-office": {"preset": "cymbal-orders", "header": "X-Shop-Key", "keys": ["secret-key"], "brand": "main"},
}
EVENTS = [(name, event) for name, source in SOURCES.items() for event in SENDERS[str(source["preset"])].bodies]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path, sources=SOURCES)


@pytest.mark.parametrize(("name", "event"), EVENTS)
def test_a_letter_is_authentic_and_becomes_an_event(name: str, event: str, settings: Settings) -> None:
    source = build_sources(settings.sources)[name]
    configured = settings.sources[name]
    made = letter(configured, SENDERS[configured.preset].bodies[event](7), datetime.now(UTC))
    token = made.path.removeprefix(f"/webhooks/{name}").removeprefix("/") or None
    headers = {key.lower(): value for key, value in made.headers.items()}
    assert source.scheme is not None
    source.scheme.verify(Presented(made.body, headers, token), time.time())
    (draft,) = source.preset.read(Content(json.loads(made.body), headers, name, source.options))
    assert "7" in draft.subject


def test_a_changed_body_is_not_authentic(settings: Settings) -> None:
    source = build_sources(settings.sources)["tickettailor"]
    made = letter(settings.sources["tickettailor"], {"id": "wh_1"}, datetime.now(UTC))
    assert source.scheme is not None
    with pytest.raises(SignatureError):
        source.scheme.verify(
            Presented(made.body + b" ", {key.lower(): value for key, value in made.headers.items()}), time.time()
        )


def test_without_the_secret_nothing_is_signed_and_the_setting_is_named(tmp_path: Path) -> None:
    sources = {"symphony": {"preset": "symphony", "token": "${NOT_SET}", "brand": "main"}}
    settings = make_settings(tmp_path, sources=sources)
    with pytest.raises(ConfigurationError, match=r"sources\.symphony\.token"):
        letter(settings.sources["symphony"], {}, datetime.now(UTC))


def test_numbers_make_deliveries_differ() -> None:
    for sender in SENDERS.values():
        for body in sender.bodies.values():
            assert body(1) != body(2)


def test_single_values_can_be_changed_anywhere_in_a_body() -> None:
    body = {"orders": [{"id": "1", "customer": {"email": "a@example.com"}}]}
    put(body, ["orders", "0", "customer", "email"], None)
    put(body, ["orders", "0", "note", "text"], "hello")
    put(body, ["orders", "0", "id"], "2")
    assert body == {"orders": [{"id": "2", "customer": {"email": None}, "note": {"text": "hello"}}]}
