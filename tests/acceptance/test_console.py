"""The console of the running system: what waits is said while it waits, in a real browser, and to nobody else."""

import json
import re
from pathlib import Path

import pytest
import requests

from tests.acceptance.conftest import MakeStack
from tests.acceptance.definitions import RAISE_EARLY
from tests.acceptance.sender import deliver
from tests.acceptance.stack import Stack
from tests.servers.chromium import Chromium
from tests.waiting import wait_until

CAMPAIGN = "5017"
GATE = f"campaign {CAMPAIGN} has not completed yet: waits for symphony.campaign.completed"


@pytest.fixture(scope="module")
def stack(make_stack: MakeStack) -> Stack:
    """A system in which an edit is held, because its campaign has not completed."""
    made = make_stack("sqlite", {"raise-early": RAISE_EARLY})
    made.start()
    deliver(made.url, [made.news(CAMPAIGN, "created")])
    wait_until(lambda: made.effects(state="held"), within_seconds=20)
    return made


def test_a_browser_on_this_machine_sees_what_waits_and_why(stack: Stack, chromium: Chromium, tmp_path: Path) -> None:
    page = chromium.page(stack.url)
    assert GATE in page
    chromium.screenshot(stack.url, tmp_path / "console.png")
    assert (tmp_path / "console.png").stat().st_size > 10_000


def test_the_run_can_be_followed_from_there(stack: Stack) -> None:
    first = requests.get(stack.url, timeout=10).text
    run = re.search(r'href="(/runs/[^"]+)"', first)
    assert run is not None
    assert GATE in requests.get(stack.url + run[1], timeout=10).text


def test_what_comes_through_a_proxy_is_not_this_machine(stack: Stack) -> None:
    answer = requests.get(stack.url, headers={"X-Forwarded-For": "127.0.0.1"}, timeout=10)
    assert answer.status_code == 403
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
