"""What `send` makes is what our own door takes for authentic and well-formed."""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tasks.cli.letters import SENDERS, Letter, letter
from tasks.cli.send import put
from tests.builders.settings import make_settings
from tests.unit.webhooks.payloads import EVERY_SOURCE
from webhooks.errors import SignatureError
from webhooks.signatures import Presented
from webhooks.sources import Content, Source, build_sources
from workflows.errors import ConfigurationError
from workflows.settings import SourceSettings

INVENTED = {
    "eventbrite": ("order.placed", "event.published"),
    "standard-webhooks": ("invoice.paid",),
    "github": ("push",),
    "generic": ("deal.won",),
}
"""Events of senders that name their events themselves."""

PROOFS: Mapping[str, Mapping[str, Any]] = {
    "hmac": {"header": "X-S", "secrets": ["s"], "prefix": "sha512=", "digest": "sha512", "encoding": "base64"},
    "standard-webhooks": {"secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]},
    "header": {"header": "X-Key", "secrets": ["s"], "prefix": "Bearer "},
    "basic": {"username": "shop", "secrets": ["s"]},
    "path-token": {"token": "s"},
    "client-certificate": {"header": "X-Subject", "subjects": ["CN=shop"], "proxies": ["127.0.0.1"]},
}


def configured(tmp_path: Path, **sources: Mapping[str, Any]) -> Mapping[str, SourceSettings]:
    brands = {"main": {"zone": "Europe/London"}, "second": {"zone": "Europe/London"}}
    return make_settings(tmp_path, sources=sources, brands=brands).sources


def all_events() -> list[tuple[str, str]]:
    return [
        (name, event)
        for name, source in EVERY_SOURCE.items()
        for event in (*SENDERS[source["preset"]].bodies, *INVENTED.get(source["preset"], ()))
    ]


def written(source: SourceSettings, event: str, number: int = 7) -> Letter:
    template = SENDERS[source.preset].template(source, event)
    assert template is not None
    return letter(source, event, template(number), datetime.now(UTC))


def presented(source: Source, made: Letter) -> Presented:
    token = made.path.removeprefix(f"/webhooks/{source.name}").removeprefix("/") or None
    return Presented(made.body, {name.lower(): value for name, value in made.headers.items()}, token, "127.0.0.1")


def verify(source: Source, request: Presented) -> str:
    assert source.scheme is not None
    return source.scheme.verify(request, time.time())


@pytest.mark.parametrize(("name", "event"), all_events())
def test_a_letter_is_authentic_and_becomes_an_event(name: str, event: str, tmp_path: Path) -> None:
    settings = configured(tmp_path, **EVERY_SOURCE)
    source = build_sources(settings)[name]
    request = presented(source, written(settings[name], event))
    verify(source, request)
    content = Content(json.loads(request.body), request.headers, name, source.options)
    (draft,) = source.preset.read(content)
    assert "7" in json.dumps([draft.subject, dict(draft.data)], default=str)
    assert source.preset.greet(content) is None


@pytest.mark.parametrize(
    "name", [name for name in EVERY_SOURCE if name not in ("symphony", "eventbrite", "box-office")]
)
def test_a_changed_body_is_not_authentic(name: str, tmp_path: Path) -> None:
    signed = {"secrets": ["site-secret"], "signed": "rest"} if name == "symphony-site" else {}
    settings = configured(tmp_path, **{**EVERY_SOURCE, name: {**EVERY_SOURCE[name], **signed}})
    source = build_sources(settings)[name]
    events = [event for of, event in all_events() if of == name]
    request = presented(source, written(settings[name], events[0]))
    verify(source, request)
    with pytest.raises(SignatureError):
        verify(source, replace(request, body=request.body.replace(b"7", b"8", 1)))


@pytest.mark.parametrize("form", ["rest", "data", "timestamp.data"])
def test_a_signature_inside_the_body_is_over_what_is_configured(form: str, tmp_path: Path) -> None:
    signed = {**EVERY_SOURCE["symphony-site"], "secrets": ["site-secret"], "signed": form}
    settings = configured(tmp_path, site=signed)
    source = build_sources(settings)["site"]
    verify(source, presented(source, written(settings["site"], "website.published")))
    assert source.quarantine == ""


@pytest.mark.parametrize("name", PROOFS)
def test_what_an_operator_asks_for_is_given_too(name: str, tmp_path: Path) -> None:
    source = {**EVERY_SOURCE["box-office"], "verify": {name: PROOFS[name]}}
    settings = configured(tmp_path, shop=source)
    built = build_sources(settings)["shop"]
    request = presented(built, written(settings["shop"], "order.placed"))
    verify(built, request)
    bare = {name: value for name, value in request.headers.items() if name in ("content-type", "x-api-key")}
    with pytest.raises(SignatureError):
        verify(built, replace(request, headers=bare, path_token=None))


def test_without_the_secret_nothing_is_signed_and_the_setting_is_named(tmp_path: Path) -> None:
    settings = configured(tmp_path, symphony={"preset": "symphony", "token": None, "brand": "main"})
    with pytest.raises(ConfigurationError, match=r"sources\.symphony\.token"):
        letter(settings["symphony"], "campaign.created", {}, datetime.now(UTC))


def test_for_a_public_key_nobody_here_can_sign(tmp_path: Path) -> None:
    key = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
    settings = configured(tmp_path, standard={**EVERY_SOURCE["standard"], "secrets": [key]})
    with pytest.raises(ConfigurationError, match="is a public key"):
        letter(settings["standard"], "x", {}, datetime.now(UTC))


def test_a_sender_with_events_of_its_own_sends_no_others(tmp_path: Path) -> None:
    settings = configured(tmp_path, **EVERY_SOURCE)
    assert SENDERS["stripe"].template(settings["stripe"], "ORDER.CREATED") is None


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
