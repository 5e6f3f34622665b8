"""What the vendors know and owe outlives the sandbox's process, however that ends."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests

from sandbox.store import Counter, Store, StoreError, json_shelf

CAMPAIGN = "/advertising/v1/campaign"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "sandbox.db"


@pytest.fixture
def process(data: Path) -> Iterator[Callable[[], tuple[subprocess.Popen[str], str]]]:
    """Start `python -m sandbox --data FILE` and wait for its address."""
    started: list[subprocess.Popen[str]] = []

    def process() -> tuple[subprocess.Popen[str], str]:
        command = [sys.executable, "-m", "sandbox", "--data", str(data)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        assert started[-1].stdout is not None
        return started[-1], started[-1].stdout.readline().split()[-1]

    yield process
    for one in started:
        one.kill()
        one.communicate(timeout=10)


def heard(bodies: list[bytes]) -> list[str]:
    return [json.loads(body)["event"].removeprefix("campaign.") for body in bodies]


def test_what_the_vendors_know_is_there_after_a_restart(
    serve: Any, receiver: Any, data: Path, link_clicks: dict[str, Any]
) -> None:
    client = serve(data=data)
    client.registered(receiver.url)
    link_clicks["metadata"]["targeting_countries"][0]["budget"] = 0.75
    link_clicks["metadata"]["targeting_countries"][1]["budget"] = 0.25
    assert client.symphony("POST", CAMPAIGN, json=link_clicks).status_code == 200
    receiver.wait(3)
    client.delivered(event="campaign.completed")
    client.cymbal("POST", "/contact", json={"contact": {"email": "fan@example.com"}, "opt_ins": {"email": False}})
    client.cymbal("POST", "/contact", json={"contact": {"phone": "+12025550123"}, "opt_ins": {"sms": None}})
    places = ("/_state/symphony", "/_state/cymbal", "/_journal", "/_deliveries")
    before = [client.control("GET", place) for place in places]
    serve.stop()

    again = serve(data=data)
    assert [again.control("GET", place) for place in places] == before
    budget = {"budget": {"value": 55, "currency": "USD"}}
    assert again.symphony("PUT", f"{CAMPAIGN}/5017", json=budget).status_code == 200
    again.cymbal("POST", "/contact", json={"contact": {"email": "FAN@example.com"}, "opt_ins": {"sms": True}})
    assert again.control("GET", "/_state/cymbal")["contacts"][0]["consent"] == {"email": False, "sms": True}
    assert again.created() == 5018
    assert [row["seq"] for row in again.journal()] == list(range(1, 8))


def test_a_paused_set_up_waits_over_a_restart_until_it_is_resumed(serve: Any, receiver: Any, data: Path) -> None:
    client = serve(data=data, lifecycle_delays={"created": 0.0, "processing": 0.0, "completed": 0.05})
    client.registered(receiver.url)
    campaign = client.created()
    client.symphony("PUT", f"{CAMPAIGN}/{campaign}/PAUSE")
    serve.stop()
    told = len(receiver.received)

    again = serve(data=data)
    assert again.control("GET", "/_state/symphony")["campaigns"][0]["status"] == "PAUSE"
    again.symphony("PUT", f"{CAMPAIGN}/{campaign}/ACTIVE")
    assert heard(receiver.wait(3)) == ["created", "processing", "completed"]
    assert told < 3


def test_what_was_due_is_sent_after_a_kill(process: Callable[[], Any], receiver: Any, serve: Any) -> None:
    first, url = process()
    client = serve.client(url)
    client.control("POST", "/_scenarios", json={"match": "", "events": ["created", "completed"], "delays": [0, 0.3]})
    client.registered(receiver.url)
    receiver.answers = [503]
    campaign = client.created()
    receiver.wait(1)
    first.kill()
    first.wait(10)

    _, url = process()
    bodies = receiver.wait(3)
    assert heard(bodies) == ["created", "created", "completed"]
    assert bodies[0] == bodies[1]
    state = serve.client(url).control("GET", "/_state/symphony")
    assert [(one["id"], one["is_completed"]) for one in state["campaigns"]] == [(campaign, True)]


def test_a_kill_keeps_every_answered_call_and_nothing_by_halves(process: Callable[[], Any], serve: Any) -> None:
    first, url = process()
    answered: list[int] = []

    def write(number: int) -> None:
        client = serve.client(url)
        try:
            while True:
                body = {"contact": {"email": f"{number}.{len(answered)}@example.com"}}
                answered.append(client.cymbal("POST", "/contact", json=body).status_code)
        except requests.RequestException:
            return

    writers = [Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    serve.client(url).control("GET", "/_journal/wait?count=60&timeout=20")
    first.kill()
    for writer in writers:
        writer.join(10)

    _, url = process()
    client = serve.client(url)
    rows, people = client.journal(), client.control("GET", "/_state/cymbal")["contacts"]
    assert set(answered) == {201}
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    written = {json.loads(row["body"])["contact"]["email"] for row in rows}
    assert {person["email"] for person in people} == written
    assert len(answered) <= len(rows) <= len(answered) + len(writers)


def test_a_file_that_is_something_else_is_left_alone(data: Path) -> None:
    data.write_text("Dear diary, this is certainly not a database of any kind.\n" * 20)
    command = [sys.executable, "-m", "sandbox", "--data", str(data)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "sandbox.db cannot be used: file is not a database" in ended.stderr
    assert data.read_text().startswith("Dear diary")


def test_a_file_of_another_version_is_left_alone(data: Path) -> None:
    with sqlite3.connect(data) as database:
        database.execute("PRAGMA user_version = 7")
    database.close()
    with pytest.raises(StoreError, match="another version"):
        Store(data)


def test_a_file_serves_one_sandbox_at_a_time(data: Path) -> None:
    store = Store(data)
    with pytest.raises(StoreError, match="locked"):
        Store(data, patience_seconds=0)
    store.close()
    Store(data, patience_seconds=0).close()


def test_what_happens_together_is_kept_together_or_not_at_all(data: Path) -> None:
    store = Store(data)
    shelf, counter = json_shelf(store, "things"), Counter(store, "things")
    with store.together():
        shelf.put("a", {"number": counter.next()})
        with store.together():
            shelf.put("b", {"number": counter.next()})

    def break_off() -> None:
        with store.together():
            shelf.remove("a")
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        break_off()
    store.close()

    store = Store(data)
    shelf, counter = json_shelf(store, "things"), Counter(store, "things")
    assert (list(shelf), [record["number"] for record in shelf.values()]) == (["a", "b"], [1, 2])
    assert counter.next() == 3
    assert (shelf.clear(), len(shelf)) == (2, 0)
    store.close()
