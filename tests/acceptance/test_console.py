"""The console of the running system: what waits is said while it waits, in a real browser, and to nobody else."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from tests.acceptance.conftest import MakeStack
from tests.acceptance.definitions import RAISE_EARLY
from tests.acceptance.sender import deliver
from tests.acceptance.stack import Stack
from tests.servers.chromium import Chromium
from tests.waiting import wait_until
from workflows.ledger import tables

CAMPAIGN = "5017"
OTHER = "6000"
ASKS = """\
description: Ask before anything is done.
owner: tests
when:
  event: symphony.campaign.updated
steps:
  - id: sign_off
    approve:
      title: "Go on with campaign {{ event.data.id }}?"
      from: approvers
      show: {campaign: =event.data.id}
      expires: 24h
"""
GATE = f"campaign {CAMPAIGN} has not completed yet: waits for symphony.campaign.completed"


@pytest.fixture(scope="module")
def stack(make_stack: MakeStack) -> Stack:
    """A system in which an edit is held, because its campaign has not completed."""
    made = make_stack("sqlite", {"raise-early": RAISE_EARLY, "asks": ASKS})
    made.start()
    deliver(made.url, [made.news(CAMPAIGN, "created"), made.news(OTHER, "updated")])
    wait_until(lambda: made.effects(state="held") and made.rows(tables.waits), within_seconds=20)
    return made


def test_a_browser_on_this_machine_sees_what_waits_and_why(stack: Stack, chromium: Chromium, tmp_path: Path) -> None:
    page = chromium.page(stack.url)
    assert GATE in page
    chromium.screenshot(stack.url, tmp_path / "console.png")
    assert (tmp_path / "console.png").stat().st_size > 10_000


@pytest.fixture
def another_site(stack: Stack) -> Iterator[str]:
    """The address of a page somebody else made, which sends an approval as soon as it is opened."""
    (question,) = stack.rows(tables.waits)
    form = (
        f'<form method="post" action="{stack.url}/approvals/{question.id}"><input name="verdict" value="approve">'
        '<input name="reason" value="x"></form><script>document.forms[0].submit()</script>'
    )

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(form.encode())

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_a_browser_shows_first_what_is_to_be_decided(stack: Stack, chromium: Chromium, tmp_path: Path) -> None:
    page = chromium.page(stack.url)
    assert page.index(f"Go on with campaign {OTHER}?") < page.index("<h1>Waiting</h1>")
    (question,) = stack.rows(tables.waits)
    address = f"{stack.url}/approvals/{question.id}"
    assert "Sign in with your own token to decide." in chromium.page(address)
    chromium.screenshot(address, tmp_path / "approval.png")
    assert (tmp_path / "approval.png").stat().st_size > 10_000


def test_a_page_of_another_site_decides_nothing_in_a_browser_that_may_look(
    stack: Stack, chromium: Chromium, another_site: str
) -> None:
    assert "Only a page of this console may send this." in chromium.page(another_site)
    assert stack.rows(tables.waits)[0].state == "open"


def test_what_is_decided_there_takes_the_run_on(stack: Stack) -> None:
    (question,) = stack.rows(tables.waits)
    address = f"{stack.url}/approvals/{question.id}"
    form = {"verdict": "approve", "reason": "all is well"}
    with requests.Session() as browser:
        browser.post(f"{stack.url}/login", data={"token": stack.environment["ANN_TOKEN"]}, timeout=10)
        answer = browser.post(address, data=form, headers={"Origin": stack.url}, timeout=10)
    assert "It was approved by ann already." in answer.text
    assert [run.state for run in stack.rows(tables.runs, tables.runs.c.workflow == "asks")] == ["done"]


def test_the_run_can_be_followed_from_there(stack: Stack) -> None:
    first = requests.get(stack.url, timeout=10).text
    run = re.search(r'href="(/runs/[^"]+)"', first)
    assert run is not None
    assert GATE in requests.get(stack.url + run[1], timeout=10).text


def test_the_run_shows_its_workflow_as_a_picture(
    stack: Stack, chromium: Chromium, graphviz: Path, tmp_path: Path
) -> None:
    run = re.search(r'href="(/runs/[^"]+)"', requests.get(stack.url, timeout=10).text)
    assert run is not None
    page = chromium.page(stack.url + run[1])
    assert '<div class="graph"><svg' in page
    assert re.search(r'class="node is_\w+ (good|busy|wait)"', page)
    chromium.screenshot(stack.url + run[1], tmp_path / "run.png")
    assert (tmp_path / "run.png").stat().st_size > 10_000


def test_what_comes_through_a_proxy_is_not_this_machine(stack: Stack) -> None:
    answer = requests.get(stack.url, headers={"X-Forwarded-For": "127.0.0.1"}, timeout=10)
    assert answer.url == f"{stack.url}/login"
    assert GATE not in answer.text


def test_the_token_of_a_webhook_is_nowhere_in_the_console(stack: Stack) -> None:
    first = requests.get(stack.url, timeout=10).text
    links = set(re.findall(r'href="(/[^"]*)"', first))
    token = stack.environment["SYMPHONY_WEBHOOK_TOKEN"]
    assert [link for link in links if token in requests.get(stack.url + link, timeout=10).text] == []


def test_every_process_logs_json_lines_with_ids_and_without_the_token(stack: Stack) -> None:
    written = {name: stack[name].written().splitlines() for name in ("web", "intake", "worker")}
    # Granian's own parent process speaks before anything of ours is loaded.
    lines = [line for name in written for line in written[name] if not (name == "web" and line.startswith("["))]
    events = [json.loads(line) for line in lines]
    assert all({"timestamp", "level", "logger", "event"} <= set(event) for event in events)
    assert any("delivery_id" in event for event in events)
    assert stack.environment["SYMPHONY_WEBHOOK_TOKEN"] not in str(written)
