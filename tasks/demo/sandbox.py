"""The sandbox as the demonstration asks it: what it is to do, and what it has sent and received."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from urllib3 import PoolManager
from urllib3.exceptions import HTTPError

from tasks.demo.errors import SandboxGone

TIMEOUT_SECONDS = 15.0

Row = Mapping[str, Any]


class Sandbox:
    """A client of the sandbox's own calls (`/_…`). What it says is the vendors' side of the story."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool = PoolManager(timeout=TIMEOUT_SECONDS, retries=False)

    def add_scenario(self, scenario: Mapping[str, Any]) -> None:
        """Say what becomes of campaigns of a name."""
        self._ask("POST", "/_scenarios", scenario)

    def send(self, shop: str, request: Mapping[str, Any]) -> Sequence[Row]:
        """Have a ticket shop send; our answers: `[{"status": 202, "answer": …, "error": None}, …]`."""
        answers: Sequence[Row] = self._ask("POST", f"/_shops/{shop}/send", request)["answers"]
        return answers

    def calls(self) -> Sequence[Row]:
        """Every call the vendors received, in order."""
        rows: Sequence[Row] = self._ask("GET", "/_journal")
        return rows

    def deliveries(self) -> Sequence[Row]:
        """Every webhook the vendors and shops sent, in order, with our answer."""
        rows: Sequence[Row] = self._ask("GET", "/_deliveries")
        return rows

    def campaigns(self) -> Mapping[str, Row]:
        """The campaigns Symphony has on record, by name."""
        return {row["campaign_name"]: row for row in self._ask("GET", "/_state/symphony")["campaigns"]}

    def close(self) -> None:
        """Give the connection back."""
        self._pool.clear()

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Raises SandboxGone."""
        try:
            reply = self._pool.request(method, self._url + path, json=body)
        except HTTPError as error:
            raise SandboxGone(f"the sandbox did not answer {method} {path} ({type(error).__name__})") from error
        if reply.status >= 400:
            raise SandboxGone(f"the sandbox answered {method} {path} with {reply.status}")
        return reply.json()
