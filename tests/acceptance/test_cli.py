"""`stagedoor up --sandbox` as a newcomer meets it: what it prints, what other commands see of it, how it ends."""

import base64
import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.acceptance.service import base_environment
from tests.processes import alive
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
START_SECONDS = 60.0
FOLLOW_UP_SECONDS = 15.0
COMMAND_SECONDS = 60.0
ABANDONED_SECONDS = 10.0
KEYS = f"this-test:{base64.b64encode(b'k' * 32).decode()}"
"""So everything below happens with sealed deliveries."""
CAMPAIGN = {
    "provider": "facebook",
    "campaign_type": "link_clicks",
    "campaign_name": "A campaign of this test",
    "metadata": {
        "budget": {"value": 40, "currency": "USD"},
        "start_date": "2031-03-01T05:00:00.000Z",
        "end_date": "2031-03-05T05:00:00.000Z",
        "link_to_boost": "https://tickets.example.com/",
        "public_image_links": [{"name": "poster", "url": "https://media.example.com/poster.jpg"}],
    },
}


@dataclass
class House:
    """A data folder, `stagedoor up --sandbox` on it, and other commands beside it."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        ours = {"STAGEDOOR_DATA": str(self.folder / "var"), "STAGEDOOR_CONFIG": str(ROOT / "config")}
        ours["STAGEDOOR_KEYS"] = KEYS
        return {**base_environment(BIN), **ours}

    def start(self) -> None:
        """Start it and wait until everything runs."""
        (self.folder / "up.log").write_text("")
        with (self.folder / "up.log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(BIN / "stagedoor"), "up", "--sandbox"],
                env=self.environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(self._runs, within_seconds=START_SECONDS)

    def _runs(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        return "everything runs" in self.log

    @property
    def log(self) -> str:
        return (self.folder / "up.log").read_text()

    def place(self, name: str) -> str:
        """What `up` announced: `place("console")` is the console's address."""
        lines = [json.loads(line)["event"] for line in self.log.splitlines() if '"service": "stagedoor"' in line]
        return next(line.removeprefix(name).strip() for line in lines if line.startswith(name))

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command on the same folder."""
        return subprocess.run(
            [str(BIN / "stagedoor"), *arguments],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )

    def answer(self, *arguments: str) -> Any:
        """What a command says as JSON."""
        return json.loads(self.command(*arguments, "--json").stdout)

    def effect_of(self, campaign: str) -> dict[str, Any] | None:
        """The edit of a campaign, as the ledger has it."""
        found = self.answer("effects", "list", "--operation", "symphony.edit_campaign")
        return next((row for row in found if row["run_key"] == campaign), None)

    def hold_an_edit(self, campaign: str) -> dict[str, Any]:
        """Have an edit asked for and held."""
        assert self.command("send", "symphony", "campaign.created", "--set", f"id={campaign}").returncode == 0
        wait_until(lambda: (self.effect_of(campaign) or {}).get("state") == "held", within_seconds=FOLLOW_UP_SECONDS)
        held = self.effect_of(campaign)
        assert held is not None
        return held

    def received(self, campaign: str) -> list[dict[str, Any]]:
        """The edits of a campaign that the sandbox received."""
        rows = requests.get(f"{self.place('sandbox')}_journal", timeout=5).json()
        path = f"/symphony/advertising/v1/campaign/{campaign}"
        return [row for row in rows if (row["method"], row["path"]) == ("PUT", path)]

    def is_set_up(self, campaign: str) -> bool:
        """Whether the sandbox's Symphony would take an edit of it."""
        state = requests.get(f"{self.place('sandbox')}_state/symphony", timeout=5).json()
        return any(str(row["id"]) == campaign and row["is_completed"] for row in state["campaigns"])

    def family(self) -> set[int]:
        """Every living process below it."""
        assert self.process is not None
        table, found = alive(), {self.process.pid}
        while more := {process.pid for process in table if process.parent in found} - found:
            found |= more
        return found

    def end(self) -> None:
        """Stop it if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)


def none_alive(pids: set[int]) -> bool:
    return not pids & {process.pid for process in alive()}


def command_lines() -> str:
    """What everybody on this machine can read of its processes. A small Linux may have no `ps`, macOS has no /proc."""
    processes = Path("/proc").glob("[0-9]*/cmdline")
    if not Path("/proc/self/cmdline").exists():
        return subprocess.run(["ps", "-A", "-o", "args="], capture_output=True, text=True, check=True).stdout
    with contextlib.suppress(OSError):
        return "".join(process.read_bytes().decode(errors="replace") for process in processes)
    return command_lines()  # one ended while we read


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("house"))
    made.start()
    yield made
    made.end()


def test_it_says_where_everything_is_and_everything_is_there(house: House) -> None:
    assert requests.get(house.place("console"), timeout=5).status_code == 200
    assert requests.get(f"{house.place('sandbox')}_journal", timeout=5).json() == []
    address, _, credentials = house.place("flower").partition("  ")
    user, password = (part.split()[-1] for part in credentials.split(","))
    assert requests.get(f"{address}api/workers", timeout=5).status_code == 401

    def workers() -> list[str]:
        answer = requests.get(f"{address}api/workers?refresh=1", auth=(user, password), timeout=10)
        return sorted(name.partition("@")[0] for name in answer.json())

    wait_until(lambda: workers() == ["intake", "worker"], within_seconds=FOLLOW_UP_SECONDS)


def test_no_secret_is_in_the_log_or_on_a_command_line(house: House) -> None:
    lines = (house.folder / "var" / "sandbox.env").read_text().splitlines()
    secrets = [value for name, value in (line.split("=", 1) for line in lines) if not value.startswith("http")]
    house.command("send", "symphony", "campaign.updated")
    assert not [secret for secret in secrets if secret in house.log + command_lines()]


def test_a_webhook_becomes_a_held_call_that_is_explained_and_goes_out_once(house: House) -> None:
    created = house.answer("call", "symphony.create_campaign", "--with", json.dumps(CAMPAIGN))
    campaign = str(created["output"]["data"]["id"])
    held = house.hold_an_edit(campaign)
    told = house.command("explain", held["run_id"])
    assert told.returncode == 0
    assert f"waits for symphony.campaign.completed about symphony:campaign:{campaign}" in told.stdout
    assert house.received(campaign) == []
    wait_until(
        lambda: requests.get(f"{house.place('sandbox')}_state/symphony", timeout=5).json()["campaigns"][0][
            "is_completed"
        ]
    )
    assert house.command("send", "symphony", "campaign.completed", "--set", f"id={campaign}").returncode == 0
    wait_until(lambda: (house.effect_of(campaign) or {})["state"] == "done", within_seconds=FOLLOW_UP_SECONDS)
    (edit,) = house.received(campaign)
    assert (edit["body"], edit["status"]) == ('{"budget":{"value":60,"currency":"USD"}}', 200)
    assert house.answer("runs", "show", held["run_id"])["state"] == "done"


def test_what_a_delivery_holds_is_sealed_in_the_ledger_and_open_to_who_has_the_key(house: House) -> None:
    house.hold_an_edit("60001")
    with sqlite3.connect(f"file:{house.folder}/var/ledger.db?mode=ro", uri=True) as ledger:
        stored = ledger.execute("SELECT headers, body FROM deliveries").fetchall()
    ledger.close()
    assert stored
    assert all(headers.startswith('"this-test.') and b"campaign" not in body for headers, body in stored)
    newest = house.answer("deliveries", "list")[0]["id"]
    assert "campaign.created" in house.command("deliveries", "show", newest).stdout


def test_a_delivery_is_replayed_without_a_call_made_twice_and_all_of_it_stands_in_the_audit(house: House) -> None:
    campaign = "60002"
    held = house.hold_an_edit(campaign)
    assert house.command("send", "symphony", "campaign.completed", "--set", f"id={campaign}").returncode == 0
    wait_until(lambda: house.received(campaign), within_seconds=FOLLOW_UP_SECONDS)
    wait_until(lambda: house.answer("runs", "show", held["run_id"])["state"] != "running")
    delivery = house.answer("runs", "show", held["run_id"])["delivery_id"]
    seen = house.answer("replay", delivery, "--dry-run")
    assert seen["workflows"][held["workflow"]] in ({"done": 1}, {"again": 1})
    assert house.answer("replay", delivery)["state"] == "done"
    entry = house.answer("audit", "list")[0]
    assert (entry["action"], entry["about"]) == ("delivery.replay", delivery)
    assert house.command("audit", "verify").returncode == 0


def test_a_body_that_did_not_fit_is_examined_again(house: House) -> None:
    token = next(
        line.split("=", 1)[1]
        for line in (house.folder / "var" / "sandbox.env").read_text().splitlines()
        if line.startswith("SYMPHONY_WEBHOOK_TOKEN=")
    )
    url = f"{house.place('webhooks').partition('<')[0]}symphony/{token}"
    answered = requests.post(url, json={"event": "campaign.created", "status": "no id"}, timeout=5)
    assert answered.status_code == 422
    delivery = answered.json()["delivery"]
    listed = house.answer("deliveries", "list", "--state", "rejected")
    assert [row["id"] for row in listed] == [delivery]
    told = house.answer("replay", "--rejected", "--yes", "--reason", "a look")
    assert told["counts"] == {"examined": 1, "still rejected": 1}
    assert delivery in requests.get(f"{house.place('console')}rejected", timeout=5).text


def test_the_doctor_finds_it_well(house: House) -> None:
    found = house.command("doctor", "--json")
    verdicts = {sign["about"]: sign["verdict"] for sign in json.loads(found.stdout)}
    assert found.returncode == 0, found.stdout
    assert {name for name, verdict in verdicts.items() if verdict != "ok"} == {"vendors"}
    assert {"ledger", "broker", "intake", "worker", "web", "in force"} <= set(verdicts)


def test_a_second_one_on_the_same_folder_is_refused(house: House) -> None:
    second = house.command("up", "--sandbox")
    assert second.returncode == 1
    assert "already runs" in second.stderr
    assert house.answer("deliveries", "list")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_it_ends_whole_and_started_again_goes_on_with_what_was_waiting(number: signal.Signals, house: House) -> None:
    campaign = {signal.SIGINT: "70001", signal.SIGKILL: "70002"}[number]
    held = house.hold_an_edit(campaign)
    family = house.family()
    assert len(family) > 6
    assert house.process is not None
    os.kill(house.process.pid, number)
    assert house.process.wait(30) == (0 if number is signal.SIGINT else -signal.SIGKILL)
    wait_until(lambda: none_alive(family), within_seconds=0.5 if number is signal.SIGINT else ABANDONED_SECONDS)
    house.start()
    found = house.effect_of(campaign)
    assert found is not None
    assert (found["id"], found["state"], found["attempts"]) == (held["id"], "held", 0)
    assert house.command("send", "symphony", "campaign.completed", "--set", f"id={campaign}").returncode == 0
    wait_until(lambda: house.received(campaign), within_seconds=FOLLOW_UP_SECONDS)
    assert [row["processed"] for row in house.received(campaign)] == [False], "this sandbox never knew the campaign"
