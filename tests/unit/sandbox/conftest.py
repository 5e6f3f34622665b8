"""A sandbox that is quick, a client of it, and a receiver of what it sends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any

import pytest
import requests

from sandbox import Running, Settings, start

PATIENCE_SECONDS = 10
QUICK = {"created": 0.0, "updated": 0.01, "processing": 0.01, "completed": 0.01, "failed": 0.01, "repeat": 0.01}

LINK_CLICKS: dict[str, Any] = {
    "provider": "facebook",
    "campaign_type": "link_clicks",
    "campaign_name": "Spring tour tickets",
    "metadata": {
        "budget": {"value": 40, "currency": "USD"},
        "start_date": "2026-03-01T05:00:00.000Z",
        "end_date": "2026-03-05T05:00:00.000Z",
        "call_to_action": "LEARN_MORE",
        "instagram_post_id": "17921761666746619",
        "link_to_boost": "https://tickets.example.com/show",
        "caption": "On sale now",
        "targeting_countries": [
            {
                "name": "Home",
                "budget": 0.6,
                "locations": [
                    {
                        "value": "US",
                        "label": "United States of America",
                        "type": "country",
                        "region_id": None,
                        "country_code": None,
                    }
                ],
            },
            {
                "name": "Coast",
                "budget": 0.4,
                "locations": [
                    {
                        "value": "2420379",
                        "label": "Los Angeles",
                        "type": "city",
                        "region_id": 3847,
                        "country_code": "US",
                    }
                ],
            },
        ],
        "targeting_demographic": {
            "age": {"min": 18, "max": 35},
            "gender": "All",
            "languages": [{"key": 6, "name": "English (US)"}],
        },
    },
}


class Client:
    """Speaks to one sandbox as its vendors' partners do, and to its control calls."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        self._token: str | None = None

    def control(self, method: str, path: str, **options: Any) -> Any:
        reply = self.session.request(method, self.url + path, timeout=PATIENCE_SECONDS * 2, **options)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def symphony(self, method: str, path: str, key: str = "sandbox-symphony-key", **options: Any) -> requests.Response:
        headers = {"x-api-key": key, "Content-Type": "application/json", **options.pop("headers", {})}
        url = f"{self.url}/symphony{path}"
        return self.session.request(method, url, headers=headers, timeout=options.pop("timeout", 10), **options)

    def cymbal(self, method: str, path: str, key: str = "sandbox-cymbal-key", **options: Any) -> requests.Response:
        url = f"{self.url}/cymbal/v1/partners{path}"
        return self.session.request(method, url, headers={"Cymbal-Partner-API-Key": key}, timeout=10, **options)

    def evvnt(self, method: str, path: str, key: str = "sandbox-evvnt-key", **options: Any) -> requests.Response:
        headers = {"Accept": "application/json", **options.pop("headers", {})}
        auth = (key, "sandbox-evvnt-secret")
        return self.session.request(
            method, f"{self.url}/evvnt{path}", headers=headers, auth=auth, timeout=10, **options
        )

    def logged_in(self, project: str = "sandbox-project", key: str = "sandbox-private-key") -> Any:
        """Log in to the Partner API and return its answer."""
        form = {"login": project, "password": key}
        return self.session.post(f"{self.url}/partner_api/partner/login", data=form, timeout=10).json()

    def partner_user(self, token: str, body: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        return self.session.post(f"{self.url}/partner_api/partner/v2/getUser", headers=headers, json=body, timeout=10)

    def contact_token(self, **options: Any) -> requests.Response:
        """Ask Constant Contact for a token."""
        usual = {
            "params": {"grant_type": "client_credentials", "scope": "v3api/general.partner"},
            "headers": {"Content-Type": "application/x-www-form-urlencoded"},
            "auth": ("sandbox-cc-client", "sandbox-cc-secret"),
        }
        return self.session.post(f"{self.url}/constant_contact/token", timeout=10, **{**usual, **options})

    def contact(self, method: str, path: str, **options: Any) -> requests.Response:
        """Call Constant Contact below /v3 with a token, which is got once."""
        if self._token is None:
            self._token = self.contact_token().json()["access_token"]
        usual = {"x-api-key": "sandbox-cc-key", "Authorization": f"Bearer {self._token}"}
        headers = {**usual, **options.pop("headers", {})}
        url = f"{self.url}/constant_contact/v3{path}"
        return self.session.request(method, url, headers=headers, timeout=10, **options)

    def carry(self, method: str, url: str, payload: Any = None, **envelope: Any) -> requests.Response:
        """Make a V3 call for a managed account; `path` and `query` are its parameters."""
        account = envelope.pop("account", "a07e1lxqqqo0")
        body = {"account_operation_method": method, "account_operation_url": url, **envelope}
        for short, word in (("path", "path_param"), ("query", "query_param")):
            if (given := body.pop(short, None)) is not None:
                pairs = [{f"{word}_key": key, f"{word}_value": value} for key, value in given.items()]
                body[f"account_operation_{short}_parameters"] = pairs
        if payload is not None:
            body["account_operation_payload"] = json.dumps(payload)
        return self.contact("POST", f"/partner/accounts/{account}/account_operations/sync", json=body)

    def created(self, name: str = "Spring tour tickets") -> int:
        body = {**deepcopy(LINK_CLICKS), "campaign_name": name}
        reply = self.symphony("POST", "/advertising/v1/campaign", json=body)
        assert reply.status_code == 200, reply.text
        return int(reply.json()["data"]["id"])

    def registered(self, url: str, events: list[str] | None = None) -> None:
        names = events or [f"campaign.{name}" for name in ("created", "updated", "processing", "completed", "failed")]
        reply = self.symphony("POST", "/webhook", json={"url": url, "events": names})
        assert reply.status_code == 200, reply.text

    def delivered(self, **wanted: Any) -> list[dict[str, Any]]:
        """Wait for deliveries (`count=`) that match."""
        rows = self.control("GET", "/_deliveries/wait", params={"timeout": PATIENCE_SECONDS, **wanted})
        assert isinstance(rows, list)
        return rows

    def journal(self, **wanted: Any) -> list[dict[str, Any]]:
        rows = self.control("GET", "/_journal", params=wanted)
        assert isinstance(rows, list)
        return rows


class Receiver:
    """Takes webhooks, answering each with the next of `answers`, then with 202."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.received: list[tuple[dict[str, str], bytes]] = []
        self._changed = Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def wait(self, count: int) -> list[bytes]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.received) >= count, PATIENCE_SECONDS), self.received
            return [body for _, body in self.received]

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver._changed:
                    receiver.received.append(({k.lower(): v for k, v in self.headers.items()}, body))
                    status = receiver.answers.pop(0) if receiver.answers else 202
                    receiver._changed.notify_all()
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


def serving(**settings: Any) -> tuple[Running, Client]:
    quick = {"lifecycle_delays": QUICK, "retry_delays": (0.01, 0.01, 0.01), "first_campaign_id": 5017}
    server = start(settings=Settings(**{**quick, **settings}))
    return server, Client(server.url)


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> HandClock:
    """Noon of 20 June 2026, UTC."""
    return HandClock(1_781_956_800.0)


def changed(body: Any, path: str, value: Any) -> Any:
    """Set (or, with `...`, remove) the value at a path such as `venue.name` in a copy of the body."""
    body = deepcopy(body)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place: Any = body
    for part in parents:
        place = place[part]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return body


@pytest.fixture(name="changed")
def changed_fixture() -> Any:
    return changed


class Serve:
    """Starts sandboxes with settings of the test's own, and clients that end with the test."""

    def __init__(self) -> None:
        self._running: list[Running] = []
        self._clients: list[Client] = []

    def __call__(self, **settings: Any) -> Client:
        server, client = serving(**settings)
        self._running.append(server)
        self._clients.append(client)
        return client

    def client(self, url: str) -> Client:
        """Speak to a sandbox that runs elsewhere."""
        self._clients.append(Client(url))
        return self._clients[-1]

    def stop(self) -> None:
        for client in self._clients:
            client.session.close()
        for server in self._running:
            server.stop()
        self._clients, self._running = [], []


@pytest.fixture
def serve() -> Iterator[Serve]:
    serve = Serve()
    yield serve
    serve.stop()


@pytest.fixture
def client(serve: Serve) -> Client:
    return serve()


@pytest.fixture(scope="module")
def shared_client() -> Iterator[Client]:
    """One sandbox for a module's table of refusals, which leave nothing behind but journal rows."""
    server, client = serving()
    yield client
    client.session.close()
    server.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def link_clicks() -> dict[str, Any]:
    """A Create campaign body the document allows, free to be spoiled."""
    return deepcopy(LINK_CLICKS)


@pytest.fixture
def partner(serve: Serve, clock: HandClock) -> Client:
    """A client of a sandbox whose clock stands still, and where Constant Contact would soon be throttled."""
    client = serve(clock=clock)
    client.control("POST", "/_settings/constant_contact", json={"requests_per_second": None})
    return client


@pytest.fixture(scope="module")
def shared_partner(shared_client: Client) -> Client:
    shared_client.control("POST", "/_settings/constant_contact", json={"requests_per_second": None})
    return shared_client
